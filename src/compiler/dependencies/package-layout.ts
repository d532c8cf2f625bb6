/**
 * Lays packages out in `node_modules/` beside the executable, so that Node.js finds each where another needs it.
 *
 * Where npm, pnpm or a workspace keeps them does not matter: each is found as Node.js would find it, and has one place.
 * At the top, unless another version is there already; then inside the package that needs it, as npm does. What nobody
 * needs by name but the bundle, which knows places, has one of its own.
 */
import { existsSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { BuildError } from '../build-error.ts'
import { readJson } from '../text/byte-order-mark.ts'
import { findInArchives, hasUnreadableArchives } from './named/plug-and-play.ts'

/** Packages cannot be laid out. */
export class PackageLayoutError extends BuildError {
  override readonly name = 'PackageLayoutError'
}

export interface InstalledPackage {
  readonly name: string
  /** The folder that it is in now, links resolved. */
  readonly folder: string
}

export interface PlacedPackage extends InstalledPackage {
  /** `node_modules/a`, or `node_modules/a/node_modules/b`. */
  readonly place: string
  /** The package that it is needed by first; undefined for those that were asked for. */
  readonly neededBy: string | undefined
}

/** The packages that one needs when it runs. */
export type FindDependencies = (needing: InstalledPackage) => Promise<readonly InstalledPackage[]>

/**
 * How deep packages are put into packages. Versions that need each other crosswise would go on for ever; no
 * real tree comes near.
 */
const DEEPEST = 32

/** Where `roots` and all that they need are put. Rejects with a {@link PackageLayoutError}. */
export async function layOut(
  roots: readonly InstalledPackage[],
  findDependencies: FindDependencies,
): Promise<PlacedPackage[]> {
  const placed = new Map<string, PlacedPackage>()
  const pending: PlacedPackage[] = []
  for (const root of roots) {
    if (![...placed.values()].some(({ folder }) => folder === root.folder)) {
      pending.push(placePackage(placed, root, undefined))
    }
  }
  // A package's dependencies are all in their places before those of the dependencies: one that is put inside
  // it must not come between another and what that one has found further up.
  for (let parent = pending.shift(); parent !== undefined; parent = pending.shift()) {
    for (const dependency of await findDependencies(parent)) {
      if (resolvePlaced(placed, dependency.name, parent.place)?.folder !== dependency.folder) {
        pending.push(placePackage(placed, dependency, parent))
      }
    }
  }
  return [...placed.values()]
}

/** A package as Node.js finds it from a file: in node_modules there, or further up, or as Yarn's Plug'n'Play does. */
export async function findPackage(name: string, fromFile: string): Promise<InstalledPackage | undefined> {
  const archived = findInArchives(name, fromFile)
  if (archived !== undefined) {
    return { name, folder: archived }
  }
  const lookupFolders = createRequire(fromFile).resolve.paths(`${name}/package.json`) ?? []
  const folder = lookupFolders
    .map((lookup) => join(lookup, name))
    .find((candidate) => existsSync(join(candidate, 'package.json')))
  return folder === undefined ? undefined : { name, folder: await realpath(folder) }
}

/** Throws a {@link PackageLayoutError} for a package that is in an archive of Plug'n'Play's which this process cannot read. */
export function checkArchive(name: string, entry: string): void {
  if (hasUnreadableArchives(dirname(entry))) {
    throw new PackageLayoutError(
      `${name} is in an archive of Yarn’s Plug’n’Play, which this process cannot read; start it by Yarn in the project’s folder, ` +
        'as yarn lambdabin or yarn node, or put nodeLinker: node-modules into .yarnrc.yml and install again',
    )
  }
}

export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly type?: string
  readonly exports?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly os?: readonly string[] | string
  readonly cpu?: readonly string[] | string
  readonly libc?: readonly string[] | string
}

/** Empty where there is none. Rejects with a {@link PackageLayoutError} for one that cannot be read. */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = join(folder, 'package.json')
  if (!existsSync(file)) {
    return {}
  }
  try {
    return await readJson(file)
  } catch (error) {
    throw new PackageLayoutError(
      `${file} should be a package's description and cannot be read; run npm install`,
      { cause: error },
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
  { name, folder }: InstalledPackage,
  parent: PlacedPackage | undefined,
): PlacedPackage {
  const place = freePlace(placed, name, parent?.place)
  if (place.split('node_modules/').length > DEEPEST) {
    throw new PackageLayoutError(
      `${name} and the packages that it is needed by need each other's versions in a circle, which has no layout; leave fewer packages out of the bundle`,
    )
  }
  const added = { place, name, folder, neededBy: parent?.name }
  placed.set(place, added)
  return added
}

function freePlace(
  placed: ReadonlyMap<string, PlacedPackage>,
  name: string,
  parent: string | undefined,
): string {
  const top = `node_modules/${name}`
  if (parent !== undefined) {
    return resolvePlaced(placed, name, parent) === undefined ? top : `${parent}/node_modules/${name}`
  }
  let place = top
  for (let number = 2; placed.has(place); number++) {
    place = `node_modules/.${number}/${top}`
  }
  return place
}
