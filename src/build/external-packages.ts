/** Packages that stay out of the bundle and are shipped as they are, in `node_modules/` beside the executable. */
import type { PackageFile } from './write-zip.ts'

export async function findExternals(_options: {
  entry: string
  externals: readonly string[]
}): Promise<PackageFile[]> {
  return []
}
