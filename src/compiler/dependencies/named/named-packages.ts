/** Packages that somebody names: a package's manifest, an option. */
import { isBuiltin } from 'node:module'
import { type Manifest, PackageLayoutError } from '../package-layout.ts'

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

const PACKAGE_NAME = /^(?:[@.][^/@]+\/)?[^/@.][^/@]*$/

/** Throws a {@link PackageLayoutError} for what cannot be the name of a package. */
export function checkName(name: string, option: string): void {
  if (!PACKAGE_NAME.test(name)) {
    throw new PackageLayoutError(
      `${option} expects the name of a package, such as sharp or @img/sharp, and got ${name}; name the package alone`,
    )
  }
  if (name.includes('*')) {
    // What is usual where Lambda's Node.js is deployed to, which has an SDK.
    const sdk = name.startsWith('@aws-sdk/')
      ? '; where it is for AWS’s SDK, leave it out: a function brings its own, as provided.al2023 has none, and it starts fastest as a part of the bundle'
      : ''
    throw new PackageLayoutError(
      `${option} expects the name of a package, and ${name} is a pattern; name each package${sdk}`,
    )
  }
  if (isBuiltin(name)) {
    throw new PackageLayoutError(
      `${option} expects the name of a package, and ${name} is a module of Node.js, which every executable has; leave it out`,
    )
  }
}
