/** Packages that the author of a function has chosen: what the project depends on, and what its modules look for. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { isDataFile } from '../data-files.ts'
import { findPackageJson } from '../nearest-manifest.ts'
import { findPackage, type InstalledPackage, type Manifest, readManifest } from '../package-layout.ts'
import { importedPackage } from '../package-of-file.ts'
import type { StringTexts } from './string-texts.ts'

/** Of the project that `entry` is in, by folder. */
export async function findDirectDependencies(entry: string): Promise<ReadonlyMap<string, InstalledPackage>> {
  const manifest = await findPackageJson(entry)
  const names = Object.keys({
    ...manifest?.devDependencies,
    ...manifest?.optionalDependencies,
    ...manifest?.dependencies,
  })
  const found = await Promise.all(names.map((name) => findPackage(name, entry)))
  return new Map(found.filter((each) => each !== undefined).map((each) => [each.folder, each]))
}

/** Whether texts of the author's code may be what a package is loaded by: its name, a path in it, or the ending of a file that it is for. */
export async function isNamedIn(texts: StringTexts, { name, folder }: InstalledPackage): Promise<boolean> {
  return (
    texts.beginsComputedPath(name) ||
    texts.pathsIn(name).length > 0 ||
    ((texts.has(name) || texts.endsFileName(name)) && (await hasEntry(folder)))
  )
}

/**
 * Whether the plain name of a package leads to a module. That of a workspace's own may lead to none, as its modules are imported by
 * their paths: then a text like it, `prices`, is no name of a package.
 */
async function hasEntry(folder: string): Promise<boolean> {
  const { exports } = await readManifest(folder).catch((): Manifest => ({}))
  return exports !== undefined || resolve(folder, join(folder, 'package.json')) !== undefined
}

export interface LookedFor extends InstalledPackage {
  /** Absolute path, where what is looked for is one of its data files: no more than that is needed. */
  readonly file: string | undefined
}

/** The packages whose files modules ask Node.js for; `modules` are by absolute path. */
export async function findLookedFor(
  modules: ReadonlyMap<string, { readonly resolved: readonly string[] }>,
): Promise<LookedFor[]> {
  const found: LookedFor[] = []
  for (const [module, { resolved }] of modules) {
    for (const specifier of resolved) {
      const name = importedPackage(specifier)
      const looked = name === undefined ? undefined : await findPackage(name, module)
      if (looked !== undefined) {
        found.push({ ...looked, file: isDataFile(specifier) ? resolve(specifier, module) : undefined })
      }
    }
  }
  return found
}

function resolve(specifier: string, module: string): string | undefined {
  try {
    return createRequire(module).resolve(specifier)
  } catch {
    return undefined // One that is for `import` alone, say.
  }
}

/** Names of the optional peers of a package that the project of `entry` depends on, for development alone or not at all excepted. */
export async function chosenPeers({ peerDependenciesMeta = {} }: Manifest, entry: string): Promise<string[]> {
  const optional = Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name]?.optional)
  const chosen = optional.length === 0 ? {} : (await findPackageJson(entry))?.dependencies
  return optional.filter((name) => chosen?.[name] !== undefined)
}
