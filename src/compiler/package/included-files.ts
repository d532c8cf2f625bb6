/**
 * Files that a user ships beside the executable with `--include`, at the same place as in the current folder.
 *
 * Links are followed to what is in that folder, too. One that leads out of it might ship what nobody looked at, somebody's keys say,
 * so that takes an option.
 */
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { BuildError } from '../build-error.ts'
import { mayHoldKeys } from './key-files.ts'
import type { PackageFile } from './write-zip.ts'

/** What is to be included is not there, or not in the current folder. */
export class IncludeError extends BuildError {
  override readonly name = 'IncludeError'
}

export interface IncludeOptions {
  /** Files and folders to ship, relative to `root`. */
  readonly paths: readonly string[]
  /** Absolute path: the folder that the package's root stands for. */
  readonly root: string
  /** Whether links that lead out of that folder are followed. */
  readonly followsLinks?: boolean
}

/** The files that `paths` name, those in folders too. Rejects with an {@link IncludeError}. */
export async function findIncludes(options: IncludeOptions): Promise<PackageFile[]> {
  const { paths, root, followsLinks = false } = options
  const files = new Map<string, PackageFile>()
  const boundary = followsLinks || paths.length === 0 ? '/' : await realpath(root)
  for (const include of paths) {
    const source = resolve(root, include)
    checkInside(source, include, root)
    for (const file of await listFiles(source, include, boundary)) {
      const path = relative(root, file.source).split(sep).join('/')
      files.set(path, { path, ...file })
    }
  }
  return [...files.values()]
}

function isOutside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function checkInside(source: string, include: string, root: string): void {
  const path = relative(root, source)
  if (isOutside(source, root)) {
    throw new IncludeError(
      `--include expects a file or folder in the current folder, and ${include} is outside of it; copy it there, or build from its folder`,
    )
  }
  if (path === '') {
    throw new IncludeError(
      `--include expects a file or folder in the current folder, and ${include} is all of it; name what the function reads`,
    )
  }
}

/** A file itself, or all files below a folder; links are followed to what is in the folder `boundary`. */
async function listFiles(
  source: string,
  include: string,
  boundary: string,
  ancestors: readonly string[] = [],
): Promise<{ source: string; executable: boolean }[]> {
  const read = <Result>(work: Promise<Result>) => orExplain(work, source, include)
  const status = await read(stat(source))
  const real = await read(realpath(source))
  if (!status.isFile() && !status.isDirectory()) {
    throw new IncludeError(`--include expects files and folders, and ${source} is neither; leave it out`)
  }
  if (isOutside(real, boundary)) {
    throw new IncludeError(
      `--include ${include} would ship what is not in the current folder: ${source} is a link, or in one, to ${real}; copy it, or follow such links with --follow-links`,
    )
  }
  if (status.isFile()) {
    // Whether it can be read is told now, and not when all else is built.
    await read(open(source).then((file) => file.close()))
    return [{ source, executable: (status.mode & 0o111) !== 0 }]
  }
  if (ancestors.includes(real)) {
    throw new IncludeError(
      `--include ${include} has no end: ${source} is a link to a folder that it is in; delete the link`,
    )
  }
  const files = []
  const names = (await read(readdir(source))).filter((name) => !mayHoldKeys(name))
  for (const name of names.sort()) {
    files.push(...(await listFiles(join(source, name), include, boundary, [...ancestors, real])))
  }
  return files
}

async function orExplain<Result>(work: Promise<Result>, source: string, include: string): Promise<Result> {
  try {
    return await work
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const remedy = code === 'EACCES' ? 'let this user read it' : 'check the path'
    throw new IncludeError(
      `--include expects a file or folder that is there, and ${source} cannot be read (--include ${include}); ${remedy}`,
      { cause: error },
    )
  }
}
