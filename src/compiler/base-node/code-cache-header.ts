/**
 * The header of V8's code caches (`SerializedCodeData` in its code-serializer.h): 32 bytes, numbers of 32 bits, little-endian.
 *
 *     0   what marks it, and V8's version: 8 bytes, the same in all caches that a Node.js makes
 *     8   the length of the script's text in UTF-16 units, and flags above bit 28
 *     12  a hash of V8's flags
 *     16  a checksum of the read-only heap
 *     20  the length of what follows the header
 */
import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { startWritten } from '../text-busy.ts'

export const HEADER_BYTES = 32
export const MARK_BYTES = 8
const SOURCE_AT = 8
const FLAGS_HASH_AT = 12
const LENGTH_AT = 20
const SOURCE_LENGTH_MASK = 0x1fff_ffff
const TIMEOUT_MS = 30_000

/**
 * V8 seeds its hashes anew in each process, and the order of things in a cache follows from them. And it notes of each function
 * whether it was worth machine code, which depends on how busy the machine is; without that note a start takes a twentieth less,
 * too. And each function has four bytes that are what was in their place in memory: zeros, unless something was freed there, which depends on
 * when garbage is collected. So old objects are not, up to 2 GB. These make it the same in every build, so that the same sources give the same
 * package. They change nothing in bytecode, but V8 refuses a cache that was made with other flags, so its hash of them has to be changed
 * afterwards.
 */
export const SAME_BYTES = [
  ...['--hash-seed=1', '--random-seed=1', '--no-rehash-snapshot'],
  ...['--no-sparkplug', '--no-maglev', '--no-opt', '--initial-heap-size=2048'],
]

/** The header of a cache that a Node.js makes. `command` runs it, with options of its own. */
export async function readCodeCacheHeader([command = '', ...parameters]: readonly string[]): Promise<Buffer> {
  const program = `process.stdout.write(new (require('node:vm').Script)('0').createCachedData().subarray(0, ${HEADER_BYTES}))`
  const options = { encoding: 'buffer', env: {}, timeout: TIMEOUT_MS } as const
  const { stdout } = await startWritten(() =>
    promisify(execFile)(command, [...parameters, '-e', program], options),
  )
  return stdout
}

/** By command and state of its program, what is known in this process, or is being found out. */
const known = new Map<string, Promise<Buffer>>()

/** The same, asked once of a Node.js that is there to stay: `node`, with the words that it is run by. */
export async function codeCacheHeaderOf(runner: readonly string[], node: string): Promise<Buffer> {
  const { mtimeMs, size, ino } = await stat(node)
  const key = JSON.stringify([runner, node, mtimeMs, size, ino])
  const header = known.get(key) ?? readCodeCacheHeader([...runner, node])
  known.set(key, header)
  header.catch(() => known.delete(key))
  return header
}

/** Of the cache that begins at `offset`. */
export function flagsHash(cache: Buffer, offset = 0): number {
  return cache.readUInt32LE(offset + FLAGS_HASH_AT)
}

export function setFlagsHash(cache: Buffer, hash: number, offset = 0): void {
  cache.writeUInt32LE(hash, offset + FLAGS_HASH_AT)
}

/** Of the script's text, in UTF-16 units. */
export function sourceLength(cache: Buffer, offset = 0): number {
  return cache.readUInt32LE(offset + SOURCE_AT) & SOURCE_LENGTH_MASK
}

/** With its header. */
export function cacheLength(cache: Buffer, offset = 0): number {
  return HEADER_BYTES + cache.readUInt32LE(offset + LENGTH_AT)
}

/** Whether V8 would take `cache` where it takes the one at `offset`: they are of the same text, flags and heap. */
export function isOfSameKind(bytes: Buffer, offset: number, cache: Buffer): boolean {
  return cache.length > HEADER_BYTES && cache.compare(bytes, offset, offset + LENGTH_AT, 0, LENGTH_AT) === 0
}
