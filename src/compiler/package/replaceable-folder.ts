/**
 * Whether a folder in the place of a package may go: an author's own folder may have the same name, and what is in it may be
 * nowhere else.
 *
 * A package is known by what lambdabin has put into each from its first version on: `bootstrap`, which names it, or for the runtime in a
 * layer the function's script, whose first characters do. What else is in a package is anybody's: included files, packages, what
 * somebody has left there. An empty folder may go, too.
 */
import { lstat, open, readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { FUNCTION, HEADER_BEGIN, LAYER_RUNTIME, scriptAsset } from '../../executable/format.ts'
import { BuildError } from '../build-error.ts'
import { shownPath } from '../shown-path.ts'
import { BOOTSTRAP, NOTICES_FILE } from './own-files.ts'

/** In the package's place is what lambdabin has not put there. */
export class OccupiedPlaceError extends BuildError {
  override readonly name = 'OccupiedPlaceError'
}

const LAYER_FOLDER = dirname(LAYER_RUNTIME)

/** What is to be in the place. */
export interface NewPackage {
  /** A function, with its executable or without; or the runtime of a layer. */
  readonly content: 'function' | 'layer'
  /** Absolute path of what it is made of, which is not to be deleted. */
  readonly entry?: string
}

/** Rejects with an {@link OccupiedPlaceError}, unless what is at `folder` may go for the new package. */
export async function checkReplaceable(folder: string, made: NewPackage): Promise<void> {
  const problem = await problemOf(folder, made)
  if (problem !== undefined) {
    throw new OccupiedPlaceError(
      `expected nothing at ${shownPath(folder)}, or an earlier package of this ${made.content}, which is replaced, and ${problem}; ` +
        'move that away, or build elsewhere with --out-dir, or by another name with --name',
    )
  }
}

/** The same, as an answer. */
export async function isReplaceable(folder: string, made: NewPackage): Promise<boolean> {
  return (await problemOf(folder, made)) === undefined
}

/** What each package has at its top, whatever it is made of. `name` is the function's; undefined for a layer. */
export function ownPlaces(name: string | undefined): readonly string[] {
  return [BOOTSTRAP, NOTICES_FILE, name ?? LAYER_FOLDER]
}

/**
 * Whether what is at `place`, in a folder that the files of a package are put straight into, may go for the one of this name. `name` is
 * the function's; undefined for a layer. What else is in the folder is not the package's, and stays.
 */
export async function isReplaceableIn(
  folder: string,
  place: string,
  name: string | undefined,
): Promise<boolean> {
  const path = join(folder, place)
  const status = await lstat(path).catch(() => undefined)
  if (!status?.isDirectory() || (await firstIn(path)) === undefined) {
    return true
  }
  if (place === name) {
    return hasScripts(path)
  }
  if (name === undefined && place === LAYER_FOLDER) {
    return isFile(join(folder, LAYER_RUNTIME))
  }
  return place !== BOOTSTRAP && place !== NOTICES_FILE && (await contentOf(folder, name)) !== undefined
}

async function problemOf(folder: string, { content, entry }: NewPackage): Promise<string | undefined> {
  const there = await contentOf(folder)
  if (there === undefined) {
    return describeForeign(folder)
  }
  if (there !== content) {
    return `the package of a ${there} is there`
  }
  const inside = entry === undefined ? undefined : await pathInside(folder, entry)
  return inside === undefined ? undefined : `the folder there has ${inside}, which is to be built`
}

/** Undefined where nothing is there that could be lost. */
async function describeForeign(folder: string): Promise<string | undefined> {
  const first = await firstIn(folder)
  // Another build of the same function may have put its package there since it was looked for.
  if (first === undefined || (await contentOf(folder)) !== undefined) {
    return undefined
  }
  return first === NO_FOLDER ? 'a file is there' : `the folder there has ${first}, and is no package`
}

async function contentOf(
  folder: string,
  name: string = basename(folder),
): Promise<NewPackage['content'] | undefined> {
  if (!(await hasBootstrap(folder))) {
    return (await hasScripts(join(folder, name))) ? 'function' : undefined
  }
  return (await isFile(join(folder, LAYER_RUNTIME))) ? 'layer' : 'function'
}

/** One that is for another program has not this one's name in it. */
async function hasBootstrap(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, BOOTSTRAP), 'latin1').catch(() => '')
  return text.startsWith('#!/bin/sh\n') && text.includes('lambdabin')
}

async function hasScripts(folder: string): Promise<boolean> {
  const file = await open(join(folder, scriptAsset(FUNCTION))).catch(() => undefined)
  if (file === undefined) {
    return false
  }
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEADER_BEGIN.length))
    return buffer.toString('latin1', 0, bytesRead) === HEADER_BEGIN
  } catch {
    return false // A folder.
  } finally {
    await file.close()
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isFile(),
    () => false,
  )
}

const NO_FOLDER = Symbol('no folder')

/** The name of something in `folder`; undefined where it is empty, or not there. */
async function firstIn(folder: string): Promise<string | typeof NO_FOLDER | undefined> {
  try {
    return (await readdir(folder)).sort()[0]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      return NO_FOLDER
    }
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined
    }
    throw error
  }
}

/** The path of `file` in `folder`, as they are named or where links lead; undefined where it is not in it. */
export async function pathInside(folder: string, file: string): Promise<string | undefined> {
  const real = (path: string) => realpath(path).catch(() => path)
  return [relative(folder, file), relative(await real(folder), await real(file))].find(
    (path) => path !== '..' && !path.startsWith(`..${sep}`),
  )
}
