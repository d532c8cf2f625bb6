/**
 * The deployment package as a folder: what goes in, and how it takes the place of the one from the last
 * build.
 */
import { chmod, copyFile, mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BuildError } from '../build-error.ts'
import { EXECUTABLE_MODE, FILE_MODE, type PackageFile } from './write-zip.ts'

/** Two files want the same place in the package. */
export class PackageCollisionError extends BuildError {
  override readonly name = 'PackageCollisionError'
}

/**
 * Copies `extraFiles` into `folder`. Returns them with the folder's files as their sources. Rejects with a
 * {@link PackageCollisionError} when one would take the place of a file named in `own`.
 */
export async function addExtraFiles(
  folder: string,
  own: readonly string[],
  extraFiles: readonly PackageFile[],
): Promise<PackageFile[]> {
  checkCollisions(own, extraFiles)
  const copied: PackageFile[] = []
  for (const file of extraFiles) {
    const target = join(folder, file.path)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(file.source, target)
    copied.push({ ...file, source: target })
  }
  return copied
}

/** Gives the files of a package the modes that they have in its zip. */
export async function setModes(files: readonly PackageFile[]): Promise<void> {
  for (const { source, executable } of files) {
    await chmod(source, executable ? EXECUTABLE_MODE : FILE_MODE)
  }
}

function checkCollisions(own: readonly string[], extraFiles: readonly PackageFile[]): void {
  const taken = new Set(own)
  for (const { path, source } of extraFiles) {
    const [top = path] = path.split('/')
    if (taken.has(top)) {
      throw new PackageCollisionError(
        `${source} would be ${path} in the package, where ${top} is a file of the function's own; ` +
          'rename it, or give the function another name with --name',
      )
    }
  }
}

/** Puts the finished folder and zip in their places in `outDir`. Each appears whole, or the old one stays. */
export async function publishPackage(
  packaged: string,
  zip: string,
  { outDir, name }: { outDir: string; name: string },
): Promise<{ folder: string; zip: string }> {
  const place = { folder: join(outDir, name), zip: join(outDir, `${name}.zip`) }
  // A folder cannot be renamed over one that is not empty, so the old one moves aside, to be deleted with the
  // work folder.
  await rename(place.folder, join(dirname(packaged), 'previous')).catch((error) => {
    if (error.code !== 'ENOENT') {
      throw error
    }
  })
  await rename(packaged, place.folder)
  await rename(zip, place.zip)
  return place
}
