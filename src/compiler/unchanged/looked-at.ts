/**
 * What a build looked at, or would have looked at had it been there: files, whose content counts, and names in folders, which count
 * whether there is something of that name or not.
 *
 * Names are kept by their stems, up to the first dot or hyphen: what is tried for `./price` (`price.ts`, `price.js`, the folder
 * `price`) has one stem, and so have `package.json` and `package-lock.json`.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

/** As a stem: every name in the folder counts. */
export const ALL = '*'

/** A bound on the files of whole folders: what has more is not worth a look at each. */
const MOST_FILES = 20_000
/** A bound, for links that lead around. */
const DEEPEST = 32

/** More files than there is a sense in looking at. */
export class TooManyFilesError extends Error {
  override readonly name = 'TooManyFilesError'
}

export class LookedAt {
  /** Absolute paths. */
  readonly files = new Set<string>()
  /** Those that are too large to be compared: they count by what the file system says of them. */
  readonly largeFiles = new Set<string>()
  /** By absolute path, the stems of the names that count. */
  readonly folders = new Map<string, Set<string>>()
  /** Absolute paths of which it counts where links lead them. */
  readonly links = new Set<string>()
  readonly #lookups = new Map<string, readonly string[]>()
  readonly #packages = new Set<string>()
  #treeFiles = 0

  /** The content of a file, if it is there, and that it is. */
  addFile(path: string): void {
    this.addName(path)
    if (isFile(path)) {
      this.files.add(path)
    }
  }

  /** What is at `path` with any ending, or may come to be there. */
  addName(path: string): void {
    this.#stemsOf(dirname(path)).add(stemOf(basename(path)))
  }

  /** What a module may be found as at `path`: a file, or a folder with an index or a manifest. */
  addModule(path: string): void {
    this.addName(path)
    if (isFolder(path)) {
      this.addName(join(path, 'index'))
      this.addFile(join(path, 'package.json'))
    }
  }

  /** A package of the name `name`, or the module `rest` in it, as it is looked for from `folder` upwards. */
  addPackage(name: string, rest: string, folder: string): void {
    for (const lookup of this.#lookupsOf(folder)) {
      const place = join(lookup, name)
      const key = join(place, rest)
      if (this.#packages.has(key)) {
        continue
      }
      this.#packages.add(key)
      this.addName(join(lookup, name.split('/')[0] as string))
      this.addModule(place)
      if (isFolder(place)) {
        this.links.add(place)
        this.addModule(key)
      }
    }
  }

  /** The folders that packages are looked for in, as far as they are there. */
  #lookupsOf(folder: string): readonly string[] {
    const known = this.#lookups.get(folder)
    if (known !== undefined) {
      return known
    }
    const all = createRequire(join(folder, 'any.js')).resolve.paths('any') ?? []
    for (const lookup of all) {
      this.addName(lookup)
    }
    const found = all.filter(isFolder)
    this.#lookups.set(folder, found)
    return found
  }

  /** All files in `folder`, and in the folders in it; what is in a `node_modules` is other packages'. */
  addTree(folder: string, depth = 0): void {
    this.#stemsOf(folder).add(ALL)
    this.links.add(folder)
    if (depth > DEEPEST) {
      throw new TooManyFilesError(folder)
    }
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isSymbolicLink()) {
        this.links.add(path)
      }
      if (entry.name !== 'node_modules' && isFolder(path)) {
        this.addTree(path, depth + 1)
      } else if (isFile(path)) {
        this.#treeFiles += 1
        this.files.add(path)
      }
      if (this.#treeFiles > MOST_FILES) {
        throw new TooManyFilesError(folder)
      }
    }
  }

  #stemsOf(folder: string): Set<string> {
    const stems = this.folders.get(folder) ?? new Set<string>()
    this.folders.set(folder, stems)
    return stems
  }
}

/** In lower case: there are file systems that do not tell the cases apart. */
export function stemOf(name: string): string {
  return (/^.[^.-]*/.exec(name)?.[0] ?? '').toLowerCase()
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** Where links lead a path; undefined where that is nowhere. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}
