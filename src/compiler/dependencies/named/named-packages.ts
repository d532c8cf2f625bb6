/** Packages that somebody names: a project's author, a package's manifest, an option. */
import { isBuiltin } from 'node:module'
import { findPackageJson } from '../nearest-manifest.ts'
import { findPackage, type InstalledPackage, type Manifest, PackageLayoutError } from '../package-layout.ts'
import { importedPackage } from '../package-of-file.ts'

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

/** The packages whose files modules ask Node.js for; `modules` are by absolute path. */
export async function findLookedFor(
  modules: ReadonlyMap<string, { readonly resolved: readonly string[] }>,
): Promise<InstalledPackage[]> {
  const found: InstalledPackage[] = []
  for (const [file, { resolved }] of modules) {
    for (const name of resolved.map(importedPackage)) {
      const looked = name === undefined ? undefined : await findPackage(name, file)
      if (looked !== undefined) {
        found.push(looked)
      }
    }
  }
  return found
}

/** Names of what a package needs when it runs. */
export function runtimeDependencies(manifest: Manifest): string[] {
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
    peerDependenciesMeta = {},
  } = manifest
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
  const names = [...Object.keys(dependencies), ...Object.keys(optionalDependencies), ...peers]
  return [...new Set(names)].filter((name) => !name.startsWith('@types/'))
}

/** Names of the optional peers of a package that the project of `entry` depends on, for development alone or not at all excepted. */
export async function chosenPeers({ peerDependenciesMeta = {} }: Manifest, entry: string): Promise<string[]> {
  const optional = Object.keys(peerDependenciesMeta).filter((name) => peerDependenciesMeta[name]?.optional)
  const chosen = optional.length === 0 ? {} : (await findPackageJson(entry))?.dependencies
  return optional.filter((name) => chosen?.[name] !== undefined)
}

const PACKAGE_NAME = /^(?:[@.][^/@]+\/)?[^/@.][^/@]*$/

/** Throws a {@link PackageLayoutError} for what cannot be the name of a package. */
export function checkName(name: string, option: string): void {
  if (!PACKAGE_NAME.test(name)) {
    throw new PackageLayoutError(
      `${option} expects the name of a package, such as sharp or @img/sharp, and got ${name}; name the package alone`,
    )
  }
  if (isBuiltin(name)) {
    throw new PackageLayoutError(
      `${option} expects the name of a package, and ${name} is a module of Node.js, which every executable has; leave it out`,
    )
  }
}
