/** A disk that is full, or a limit that is as if it were, whichever step of a build finds it: pkg and esbuild tell it in their own ways. */
import { statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, resolve, sep } from 'node:path'
import { cacheFolder } from '../../bin/pinned-node.js'
import { BuildError } from './build-error.ts'

/** There is no space for what the build writes, or its user may write no more, or no file as large. */
export class FullDiskError extends BuildError {
  override readonly name = 'FullDiskError'
}

/** How many causes of causes are looked at. */
const DEEPEST = 10

/** A {@link FullDiskError} if that is what is behind `error`, else `error` itself. Without `outDir` only the cache folder is filled. */
export function explainFullDisk(error: unknown, outDir?: string): unknown {
  const told = causes(error).find(({ code, message }) => isFull(`${code} ${message}`))
  if (told !== undefined && /\bEFBIG\b/.test(`${told.code} ${told.message}`)) {
    return new FullDiskError(
      `a build writes files of up to 130 MB, and the system does not let it write one as large; raise the limit, which ulimit -f tells, or give another folder with --out-dir`,
      { cause: error },
    )
  }
  if (told === undefined) {
    return error
  }
  const [, named = told.dest ?? told.path] = /(?:-> |open |write )'([^']+)'/.exec(told.message) ?? []
  const written = named ?? fullest(outDir)
  return new FullDiskError(`there is no space left on the disk of ${written}; ${remedy(written, outDir)}`, {
    cause: error,
  })
}

function remedy(written: string, outDir: string | undefined): string {
  if (outDir === undefined) {
    return 'up to 600 MB are written in the cache folder: make room, or set XDG_CACHE_HOME to another folder'
  }
  const other = isIn(written, placeOfCache())
    ? 'set XDG_CACHE_HOME to another folder'
    : 'give another folder with --out-dir'
  return `a build writes up to 400 MB in ${outDir}, and 150 in the cache folder: make room, or ${other}`
}

/** Where there is the least space, of all that is written to: an error of a write names no path, and that of a command no place. */
function fullest(outDir: string | undefined): string {
  const places = [outDir, placeOfCache(), tmpdir()].filter((place) => place !== undefined)
  const [least] = places
    .map((place) => ({ place, free: freeBytes(place) }))
    .sort((left, right) => left.free - right.free)
  return least?.place ?? tmpdir()
}

function freeBytes(place: string): number {
  try {
    const { bavail, bsize } = statfsSync(place)
    return bavail * bsize
  } catch {
    const parent = dirname(place)
    return parent === place ? Infinity : freeBytes(parent)
  }
}

function placeOfCache(): string | undefined {
  try {
    return cacheFolder()
  } catch {
    return undefined // There is no home folder.
  }
}

function isIn(path: string, folder: string | undefined): boolean {
  return folder !== undefined && `${resolve(path)}${sep}`.startsWith(`${folder}${sep}`)
}

/** Of commands that were run, there is what they print. */
function isFull(text: string): boolean {
  return /\b(ENOSPC|EDQUOT|EFBIG)\b|No space left on device|Disk quota exceeded/.test(text)
}

type SystemError = Error & { readonly code?: string; readonly path?: string; readonly dest?: string }

function causes(error: unknown): SystemError[] {
  const found: SystemError[] = []
  for (let at = error; at instanceof Error && found.length < DEEPEST; at = at.cause) {
    found.push(at)
  }
  return found
}
