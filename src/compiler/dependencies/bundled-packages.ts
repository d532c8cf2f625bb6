/** The packages of which there are modules in a bundle, as esbuild's metafile tells it. */
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { liveModules } from './live-modules.ts'
import type { InstalledPackage } from './package-layout.ts'
import { packageFolder, packageName } from './package-of-file.ts'

export interface BundledPackage extends InstalledPackage {
  /** Absolute paths of its modules of which something is in the bundle. */
  readonly modules: readonly string[]
  readonly imports: readonly PackageImport[]
}

export interface PackageImport {
  readonly specifier: string
  /** The file that it leads to, as esbuild names it. */
  readonly target: string
  /** The folder of the package that it leads to; undefined where that is none, or is left out of the bundle. */
  readonly folder: string | undefined
}

export interface BundledModules {
  /** By folder. */
  readonly packages: ReadonlyMap<string, BundledPackage>
  /** Absolute paths of the author's own modules. */
  readonly own: readonly string[]
}

/** `project` is what paths in the metafiles are relative to. */
export function findBundledModules(metafiles: readonly Metafile[], project: string): BundledModules {
  const inputs: Metafile['inputs'] = Object.assign({}, ...metafiles.map((each) => each.inputs))
  const live = new Set(metafiles.flatMap((metafile) => [...liveModules(metafile)]))
  const packages = new Map<
    string,
    { name: string; folder: string; modules: string[]; imports: PackageImport[] }
  >()
  const own: string[] = []
  for (const [path, { imports }] of Object.entries(inputs)) {
    const file = join(project, path)
    const [name, folder] = [packageName(file), packageFolder(file)]
    if (name === undefined || folder === undefined) {
      own.push(file)
      continue
    }
    const found = packages.get(folder) ?? { name, folder, modules: [], imports: [] }
    packages.set(folder, found)
    if (live.has(path)) {
      found.modules.push(file)
    }
    for (const { path: target, original, external } of imports) {
      const to = external ? undefined : packageFolder(join(project, target))
      if (to !== folder || target.endsWith('.node')) {
        found.imports.push({ specifier: original ?? target, target, folder: to })
      }
    }
  }
  return { packages, own }
}
