/**
 * A deployment package while it is being made: a folder with the files that its zip is to have, which takes the place of
 * the one from the last build when it is finished.
 */
import { chmod, constants, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BuildError } from '../build-error.ts'
import { BOOTSTRAP_FILE } from '../source-files.ts'
import { BOOTSTRAP } from './own-files.ts'
import { placing } from './placing.ts'
import { checkReplaceable, isReplaceable, type NewPackage } from './replaceable-folder.ts'
import { EXECUTABLE_MODE, FILE_MODE, type PackageFile } from './write-zip.ts'

/** Two files want the same place in the package. */
export class PackageCollisionError extends BuildError {
  override readonly name = 'PackageCollisionError'
}

/** Where a finished package is, by absolute paths. */
export interface PackagePlace {
  readonly zip: string
  readonly folder: string
  /** The one that there is; undefined when there are both. */
  readonly only?: PackageForm | undefined
}

/** A package is a zip, and a folder with the same files. */
export type PackageForm = 'zip' | 'folder'

export function packagePlace(outDir: string, name: string, only?: PackageForm): PackagePlace {
  return { folder: join(outDir, name), zip: join(outDir, `${name}.zip`), only }
}

/** What there is of it. */
export function thereOf({ zip, folder, only }: PackagePlace): PackageParts {
  return { zip: only === 'folder' ? undefined : zip, folder: only === 'zip' ? undefined : folder }
}

/** Absolute paths; undefined for what there is not. */
export interface PackageParts {
  readonly zip: string | undefined
  readonly folder: string | undefined
}

/** What of a function there is in it: an executable with `bootstrap`, or scripts for the one in a layer. */
export type ProgramForm = 'executable' | 'scripts'

export class PackageFolder {
  readonly folder: string
  /** Where the executable is to be written. */
  readonly executable: string
  readonly #program: ProgramForm
  readonly #name: string
  readonly #notices: string | undefined
  readonly #added: PackageFile[] = []

  private constructor(folder: string, name: string, notices: string | undefined, program: ProgramForm) {
    this.#program = program
    this.folder = folder
    this.executable = join(folder, name)
    this.#name = name
    this.#notices = notices
  }

  /** Makes `folder`, for the function `name`; `notices` is the name of the file that {@link complete} writes, if it is to. */
  static async create(
    folder: string,
    name: string,
    notices: string | undefined,
    program: ProgramForm = 'executable',
  ): Promise<PackageFolder> {
    await mkdir(folder)
    return new PackageFolder(folder, name, notices, program)
  }

  /** The package's files, and that they are here. */
  get files(): readonly PackageFile[] {
    const own = this.#ownPaths.map((path) => ({
      path,
      source: join(this.folder, path),
      executable: path !== this.#notices,
    }))
    return [...own, ...this.#added]
  }

  /**
   * Copies what is shipped beside the executable. Rejects with a {@link PackageCollisionError} when a file would take the
   * place of one of the package's own.
   */
  async add(files: readonly PackageFile[]): Promise<void> {
    checkCollisions([...this.#ownPaths, this.#name], files)
    for (const file of files) {
      const source = join(this.folder, file.path)
      await mkdir(dirname(source), { recursive: true })
      await copyFile(file.source, source, constants.COPYFILE_FICLONE)
      this.#added.push({ ...file, source })
    }
  }

  /** Writes a function's assets, by name, into the folder of its name: that of a package for a layer. */
  async addAssets(assets: Readonly<Record<string, Buffer>>): Promise<void> {
    await mkdir(join(this.folder, this.#name))
    for (const [asset, content] of Object.entries(assets)) {
      const path = `${this.#name}/${asset}`
      const source = join(this.folder, path)
      await writeFile(source, content)
      this.#added.push({ path, source, executable: false })
    }
  }

  /**
   * Adds `bootstrap` and the notices, and gives all files the modes that they have in the zip. The executable has to be
   * there.
   */
  async complete(notices: string): Promise<void> {
    if (this.#program === 'executable') {
      await copyFile(BOOTSTRAP_FILE, join(this.folder, BOOTSTRAP))
    }
    if (this.#notices !== undefined) {
      await writeFile(join(this.folder, this.#notices), notices)
    }
    for (const { source, executable } of this.files) {
      await chmod(source, executable ? EXECUTABLE_MODE : FILE_MODE)
    }
  }

  /**
   * Puts the folder and its zip in their places. Each appears whole, or the old one stays; what was there of the one that is not
   * wanted goes, as it would be another build's. Rejects with an OccupiedPlaceError, and changes nothing, where the folder is not
   * for `made` to replace.
   */
  async publish(zip: string | undefined, place: PackagePlace, made: NewPackage): Promise<void> {
    if (place.only !== 'zip') {
      // As before the build, in which somebody may have put something there.
      await checkReplaceable(place.folder, made)
    }
    if (place.only !== 'zip' || (await isReplaceable(place.folder, made))) {
      // A folder cannot be renamed over one that is not empty, so the old one moves aside, to be deleted with the
      // work folder.
      await placing(place.folder, () =>
        rename(place.folder, join(dirname(this.folder), 'previous')).catch((error) => {
          if (error.code !== 'ENOENT') {
            throw error
          }
        }),
      )
    }
    if (place.only !== 'zip') {
      await placing(place.folder, () => rename(this.folder, place.folder))
    }
    await placing(place.zip, () =>
      zip === undefined ? rm(place.zip, { force: true }) : rename(zip, place.zip),
    )
  }

  get #ownPaths(): readonly string[] {
    const program = this.#program === 'executable' ? [BOOTSTRAP, this.#name] : []
    return [...program, ...(this.#notices === undefined ? [] : [this.#notices])]
  }
}

function checkCollisions(own: readonly string[], files: readonly PackageFile[]): void {
  const taken = new Set(own)
  for (const { path, source } of files) {
    const [top = path] = path.split('/')
    if (taken.has(top)) {
      throw new PackageCollisionError(
        `${source} would be ${path} in the package, where ${top} is a file of the function's own; ` +
          'rename it, or give the function another name with --name',
      )
    }
  }
}
