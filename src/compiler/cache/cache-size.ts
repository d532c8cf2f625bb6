/**
 * Keeps the whole cache folder under a size: what was not used for longest goes first. Nothing in it is lost for good, since all
 * of it can be fetched or made again.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { deleteAbandoned } from '../abandoned-folders.ts'
import { FETCH_PREFIX, LONGEST_FETCH_MS } from '../base-node/fetched-node.ts'
import { BuildOptionsError } from '../build-error.ts'
import { type CacheEntry, look } from './build-cache.ts'

/** The size is not one. */
export class CacheSizeError extends BuildOptionsError {
  override readonly name = 'CacheSizeError'
}

/** Enough for both architectures, some choices of locales, and what is compressed. */
const DEFAULT_BYTES = 2e9

/** Folders with an entry for each thing. */
const AREAS = ['base-node', 'templates', 'code-caches', 'hot-pages', 'deflated', 'chunks', 'built']
/** What else lambdabin has put there: pinned Node.js, what was being fetched, and copies of earlier versions. */
const ENTRY = /^(?:node-\d+\.\d+\.\d+-(?:x64|arm64)|\.fetch-.*|base-[0-9a-f]{16})$/

/** What may be in use by another build. */
const IN_USE_MS = 120_000

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1e3, mb: 1e6, gb: 1e9 }

/** In bytes. Rejects what the environment variable LAMBDABIN_CACHE_SIZE says with a {@link CacheSizeError}. */
export function cacheSizeLimit(given = process.env.LAMBDABIN_CACHE_SIZE): number {
  if (given === undefined || given === '') {
    return DEFAULT_BYTES
  }
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ?([kmg]b)?$/i.exec(given) ?? []
  if (number === undefined) {
    throw new CacheSizeError(
      `LAMBDABIN_CACHE_SIZE expects a size, as 500MB or 2GB, and is ${JSON.stringify(given)}; mend it, or leave it out`,
    )
  }
  return Number(number) * (UNITS[unit.toLowerCase()] as number)
}

/** Deletes what is too much, and what processes that are gone were fetching. Never rejects for what is in the folder. */
export async function keepCacheSize(limit: number): Promise<void> {
  deleteAbandoned(cacheFolder(), FETCH_PREFIX, LONGEST_FETCH_MS)
  const entries = (await findEntries(cacheFolder())).sort((left, right) => right.mtimeMs - left.mtimeMs)
  const inUse = wallClock() - IN_USE_MS
  let bytes = 0
  for (const { path, size, mtimeMs } of entries) {
    bytes += size
    if (bytes > limit && mtimeMs < inUse) {
      await rm(path, { force: true, recursive: true }).catch(() => {})
      bytes -= size
    }
  }
}

async function findEntries(folder: string): Promise<CacheEntry[]> {
  const own = (await names(folder)).filter((name) => ENTRY.test(name))
  const inAreas = await Promise.all(
    AREAS.map(async (area) => (await names(join(folder, area))).map((name) => join(area, name))),
  )
  const found = await Promise.all(
    [...own, ...inAreas.flat()].map((path) => look(join(folder, path)).catch(() => undefined)),
  )
  return found.filter((entry) => entry !== undefined)
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}
