/** Which packages have native addons, or are there for one platform: they are files, and cannot be in a bundle. */
import type { Manifest } from './package-layout.ts'

/** What finds a package's addon by the place that it is in. */
const ADDON_LOADERS = new Set([
  'bindings',
  'node-gyp-build',
  'node-gyp-build-optional-packages',
  '@mapbox/node-pre-gyp',
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
