/**
 * Packages that stay out of the bundle and are shipped as they are, in `node_modules/` beside the executable,
 * with the packages that they need in turn.
 *
 * Where npm, pnpm or a workspace keeps them does not matter: each is found as Node.js would find it, and laid
 * out anew. At the top, unless another version is there already; then inside the package that needs it, as
 * npm does.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { BuildError } from '../build-error.ts'
import { shownPath } from '../shown-path.ts'
import type { PackageFile } from './write-zip.ts'

/** A package that is to be shipped is not installed where the function, or a package, could import it. */
export class ExternalPackageError extends BuildError {
  override readonly name = 'ExternalPackageError'
}

export interface ExternalOptions {
  /** Absolute path: packages are looked for from here. */
  readonly entry: string
  /** Names of packages. */
  readonly externals: readonly string[]
}

/**
 * A package and its place in the deployment package: `node_modules/a`, or `node_modules/a/node_modules/b`.
 */
interface PlacedPackage {
  readonly place: string
  /** The folder that it is in now, links resolved. */
  readonly folder: string
}

const PACKAGE_NAME = /^(?:@[^/@]+\/)?[^/@.][^/@]*$/
/**
 * How deep packages are put into packages. Versions that need each other crosswise would go on for ever; no
 * real tree comes near.
 */
const DEEPEST = 32

/** All files of the externals and of what they need. Rejects with an {@link ExternalPackageError}. */
export async function findExternals({ entry, externals }: ExternalOptions): Promise<PackageFile[]> {
  const placed = new Map<string, PlacedPackage>()
  const pending: PlacedPackage[] = []
  for (const name of new Set(externals)) {
    const folder = await findExternal(name, entry)
    pending.push(placePackage(placed, name, folder, ''))
  }
  // A package's dependencies are all in their places before those of the dependencies: one that is put inside
  // it must not come between another and what that one has found further up.
  for (let parent = pending.shift(); parent !== undefined; parent = pending.shift()) {
    for (const dependency of await findDependencies(parent.folder)) {
      if (resolvePlaced(placed, dependency.name, parent.place)?.folder !== dependency.folder) {
        pending.push(placePackage(placed, dependency.name, dependency.folder, parent.place))
      }
    }
  }
  const files = await Promise.all([...placed.values()].map(listPackageFiles))
  return files.flat()
}

async function findExternal(name: string, entry: string): Promise<string> {
  if (!PACKAGE_NAME.test(name)) {
    throw new ExternalPackageError(
      `--external expects the name of a package, such as sharp or @img/sharp, and got ${name}; name the package alone`,
    )
  }
  const folder = await findPackage(name, entry)
  if (folder === undefined) {
    throw new ExternalPackageError(
      `--external ${name} names a package that is not installed where ${shownPath(entry)} could import it; install it with npm install ${name}`,
    )
  }
  return folder
}

/** The folder of a package as Node.js finds it from a file: in node_modules there, or further up. */
async function findPackage(name: string, fromFile: string): Promise<string | undefined> {
  const lookupFolders = createRequire(fromFile).resolve.paths(`${name}/package.json`) ?? []
  const folder = lookupFolders
    .map((lookup) => join(lookup, name))
    .find((candidate) => existsSync(join(candidate, 'package.json')))
  return folder === undefined ? undefined : realpath(folder)
}

/**
 * The packages that the one in `folder` needs when it runs. Those that it can do without are found only if
 * installed.
 */
async function findDependencies(folder: string): Promise<{ name: string; folder: string }[]> {
  const file = join(folder, 'package.json')
  const manifest = await readManifest(file)
  const needed = Object.keys(manifest.dependencies ?? {})
  const optional = [
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...Object.keys(manifest.peerDependencies ?? {}),
  ]
  const found = []
  for (const name of new Set([...needed, ...optional])) {
    const dependency = await findPackage(name, file)
    if (dependency !== undefined) {
      found.push({ name, folder: dependency })
    } else if (!optional.includes(name)) {
      throw new ExternalPackageError(
        `${manifest.name ?? folder} needs the package ${name}, which is not installed; run npm install`,
      )
    }
  }
  return found
}

interface Manifest {
  readonly name?: string
  readonly dependencies?: object
  readonly optionalDependencies?: object
  readonly peerDependencies?: object
}

async function readManifest(file: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new ExternalPackageError(
      `${file} should be a package's description and cannot be read; run npm install`,
      {
        cause: error,
      },
    )
  }
}

/** What Node.js will find under `name` from inside `place`. */
function resolvePlaced(placed: ReadonlyMap<string, PlacedPackage>, name: string, place: string) {
  return lookupPlaces(place)
    .map((lookup) => placed.get(`${lookup}node_modules/${name}`))
    .find((found) => found !== undefined)
}

/** `['node_modules/a/', '']` for `node_modules/a`: where a `node_modules` may be, the nearest first. */
function lookupPlaces(place: string): string[] {
  if (place === '') {
    return ['']
  }
  const outer = place.slice(0, place.lastIndexOf('node_modules/')).replace(/\/$/, '')
  return [`${place}/`, ...lookupPlaces(outer)]
}

/** Puts a package at the top if `parent` will find it there, else inside `parent`. */
function placePackage(
  placed: Map<string, PlacedPackage>,
  name: string,
  folder: string,
  parent: string,
): PlacedPackage {
  const hidden = resolvePlaced(placed, name, parent) !== undefined
  const place = hidden ? `${parent}/node_modules/${name}` : `node_modules/${name}`
  const added = { place, folder }
  if (place.split('node_modules/').length > DEEPEST) {
    throw new ExternalPackageError(
      `${name} and the packages that it is needed by need each other's versions in a circle, which has no layout; leave fewer packages out of the bundle`,
    )
  }
  placed.set(place, added)
  return added
}

/** A package's own files: what is in its node_modules has a place of its own. */
async function listPackageFiles({ place, folder }: PlacedPackage): Promise<PackageFile[]> {
  const names = (await readdir(folder)).filter((name) => name !== 'node_modules' && name !== '.git')
  const files = await Promise.all(names.map((name) => listFiles(`${place}/${name}`, join(folder, name))))
  return files.flat()
}

async function listFiles(path: string, source: string): Promise<PackageFile[]> {
  const status = await stat(source)
  if (!status.isDirectory()) {
    return [{ path, source, executable: (status.mode & 0o111) !== 0 }]
  }
  const names = await readdir(source)
  const files = await Promise.all(names.map((name) => listFiles(`${path}/${name}`, join(source, name))))
  return files.flat()
}
