/** Packages that somebody names: a package's manifest, an option. */
import { type Manifest, PackageLayoutError } from '../package-layout.ts'
import { packageNameProblem } from './package-name.ts'

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

/** Throws a {@link PackageLayoutError} for what cannot be the name of a package. */
export function checkName(name: string, option: string): void {
  const problem = packageNameProblem(name)
  if (problem !== undefined) {
    throw new PackageLayoutError(`${option} ${problem}`)
  }
}
