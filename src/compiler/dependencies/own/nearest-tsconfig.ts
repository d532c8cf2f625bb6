import { getTsconfig, type TsConfigResult } from 'get-tsconfig'

/** The tsconfig.json that a file is under; null where there is none, or it cannot be read, as where it extends a package that is not installed: esbuild tells of that. */
export function nearestTsconfig(file: string): TsConfigResult | null {
  try {
    return getTsconfig(file)
  } catch {
    return null
  }
}
