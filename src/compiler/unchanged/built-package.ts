/**
 * What was built last into a place, and of what: as long as it is there as it was written, it need not be built again.
 *
 * That is kept in the cache folder. A file counts as the one that was written by its inode, size, mode and time of change: a build
 * renames new files into their places, and whoever writes to one changes its time.
 */
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import process from 'node:process'
import { makeFolder } from '../../../bin/make-folder.js'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { digestOf } from '../cache/build-cache.ts'
import { type PackageParts, type PackagePlace, thereOf } from '../package/package-folder.ts'
import type { KnownInputs, QuickCheck } from './quick-check.ts'

interface KeptBuild<Built> {
  readonly key: string
  /** By path, relative to the folder that was built into. */
  readonly files: Readonly<Record<string, string>>
  readonly built: Built
  /** What it was made of, as it can be compared before anything is made; undefined where that cannot be known. */
  readonly inputs?: KnownInputs | undefined
}

/** `Built`: what a build tells of it, that JSON can hold. */
export class BuiltPackage<Built> {
  readonly #record: string
  readonly #place: PackagePlace

  /** `place`: absolute paths. */
  constructor(place: PackagePlace) {
    this.#place = place
    this.#record = join(cacheFolder(), 'built', `${digestOf([JSON.stringify(place)])}.json`)
  }

  /** What was told of the package when it was built, if it was made of `key`, and is still there. */
  async find(key: string): Promise<Built | undefined> {
    try {
      const kept = await this.#read()
      return kept.key === key && (await this.#isThere(kept)) ? kept.built : undefined
    } catch {
      return undefined // Then it is built.
    }
  }

  /** The same, where `check` finds that nothing has changed that it was made of. */
  async findUntouched(check: QuickCheck): Promise<Built | undefined> {
    try {
      const kept = await this.#read()
      const inputs = check.compare(kept.inputs)
      if (inputs === undefined || !(await this.#isThere(kept))) {
        return undefined
      }
      if (inputs !== kept.inputs) {
        await this.#write({ ...kept, inputs })
      }
      return kept.built
    } catch {
      return undefined
    }
  }

  /** Keeps what was told of what {@link find} has found, and what the next check is to compare. Never rejects. */
  async keepFound(built: Built, inputs: KnownInputs | undefined): Promise<void> {
    await this.#read().then(
      (kept) => this.#write({ ...kept, built, inputs }),
      () => {},
    )
  }

  async #read(): Promise<KeptBuild<Built>> {
    return JSON.parse(await readFile(this.#record, 'utf8'))
  }

  async #isThere(kept: KeptBuild<Built>): Promise<boolean> {
    const now = new Date()
    await utimes(this.#record, now, now)
    const files = await describeFiles(thereOf(this.#place))
    return JSON.stringify(files) === JSON.stringify(kept.files)
  }

  /**
   * Keeps what was built of `key`; `files` is what {@link describeFiles} says of it before it is in its place, where another
   * build may replace it at any time. Never rejects: what is not kept is built again.
   */
  async keep(
    key: string,
    files: Readonly<Record<string, string>>,
    built: Built,
    inputs?: KnownInputs,
  ): Promise<void> {
    await this.#write({ key, files, built, inputs })
  }

  async #write(kept: KeptBuild<Built>): Promise<void> {
    const temporary = `${this.#record}.${process.pid}`
    try {
      await makeFolder(dirname(this.#record))
      await writeFile(temporary, JSON.stringify(kept))
      await rename(temporary, this.#record)
    } catch {
      await rm(temporary, { force: true }).catch(() => {})
    }
  }
}

/** What tells a package's files from others, by a path that does not depend on where they are. Rejects when one is not there. */
export async function describeFiles({ zip, folder }: PackageParts): Promise<Record<string, string>> {
  const inside = folder === undefined ? [] : await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = inside
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  const described: Record<string, string> = {}
  for (const path of paths) {
    described[join('folder', relative(folder as string, path))] = await describe(path)
  }
  if (zip !== undefined) {
    described.zip = await describe(zip)
  }
  return described
}

async function describe(path: string): Promise<string> {
  const { ino, size, mode, mtimeNs } = await stat(path, { bigint: true })
  return [ino, size, mode, mtimeNs].join(' ')
}
