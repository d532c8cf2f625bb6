/** Which packages have native addons, or are there for one platform: they are files, and cannot be in a bundle. */
import type { Manifest } from './package-layout.ts'

/** What finds a package's addon by the place that it is in. */
const ADDON_LOADERS = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
  '@node-rs/helper',
  'node-pre-gyp',
  'prebuild-install',
  'prebuildify',
  'pkg-prebuilds',
  'node-bindings',
  'require-addon',
  'ffi-napi',
  'koffi',
])

const PLATFORM =
  /(?:^|[-_./])(?:linux|linuxmusl|darwin|win32|windows|freebsd|android|sunos)(?:[-_./]|(?=x64|arm))/

/** Whether an import is of an addon, of what finds one, or of a package that is there for one platform. */
export function isAddonImport(specifier: string): boolean {
  return specifier.endsWith('.node') || ADDON_LOADERS.has(specifier)
}

/** The packages of which one is there for each platform: `@img/sharp-linux-x64`. */
export function platformPackages({ optionalDependencies = {} }: Manifest): string[] {
  return Object.keys(optionalDependencies).filter((name) => PLATFORM.test(name))
}

/**
 * Whether a module could load one of `platformPackages`: it has what their names begin with (`@img/sharp-`), or what a whole
 * name is made of, which takes the architecture, or is looked up in the package's own manifest. Packages have some that no
 * module of theirs loads: the program of a command line, as sst has one, and what they are built with, such as
 * `@rollup/rollup-linux-x64-gnu`, without which npm's lock files may have none for Linux.
 */
export function mayLoadPlatformPackage(code: string, platformPackages: readonly string[]): boolean {
  return (
    /\b(?:arch|optionalDependencies)\b/.test(code) ||
    platformPackages.some((name) => code.includes(name.slice(0, name.search(PLATFORM) + 1)))
  )
}
