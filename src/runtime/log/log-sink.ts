/**
 * Where log lines go: stdout, or the descriptor that Lambda's own runtimes write framed records to.
 *
 * Everything is written synchronously: the process may be frozen or ended right after, and nothing may be lost by it.
 */

import { isRehearsing } from '../invocation-scope.ts'
import { nodeFs } from '../modules-on-use.ts'
import type { Level } from './log-record.ts'

export type LogSink = (line: string, level: Level, time: Date) => void

const STDOUT = 1
/** How often a full pipe is tried again before a line is given up, a millisecond apart: for as long as any invocation takes. */
const MAX_WRITE_ATTEMPTS = 900_000

const FRAME_TEXT = 0xa55a0003
const FRAME_JSON = 0xa55a0002
/** The level's bits in a frame's type, as AWS's clients set them. */
const LEVEL_MASKS: Readonly<Record<Level, number>> = {
  TRACE: 4,
  DEBUG: 8,
  INFO: 12,
  WARN: 16,
  ERROR: 20,
  FATAL: 24,
}

/** CloudWatch makes one log event of each line, and shows a carriage return as a line break. */
export const stdoutSink: LogSink = (line) => writeLine(STDOUT, line)

/** Lines to another descriptor than stdout. */
export function lineSink(descriptor: number): LogSink {
  return (line) => writeLine(descriptor, line)
}

function writeLine(descriptor: number, line: string): void {
  writeAll(descriptor, Buffer.from(`${line.replaceAll('\n', '\r')}\n`))
}

/**
 * Frames each line, so that it may hold line breaks. Numbers are big-endian:
 *
 *     +---------------+------------+--------------------------+-------------+
 *     | type, 4 bytes | n, 4 bytes | microseconds since 1970, | the line,   |
 *     |               |            | 8 bytes                  | n bytes     |
 *     +---------------+------------+--------------------------+-------------+
 */
export function telemetrySink(descriptor: number, format: 'text' | 'JSON'): LogSink {
  const type = format === 'JSON' ? FRAME_JSON : FRAME_TEXT
  return (line, level, time) => {
    const bytes = Buffer.from(line)
    const head = Buffer.alloc(16)
    head.writeUInt32BE((type | LEVEL_MASKS[level]) >>> 0, 0)
    head.writeInt32BE(bytes.length, 4)
    head.writeBigInt64BE(BigInt(time.getTime()) * 1000n, 8)
    writeAll(descriptor, Buffer.concat([head, bytes]))
  }
}

/** Where other threads write as well: one at a time, so that what the system takes in pieces is whole. */
export interface WriteLock {
  /** Shared by all: 0, or the number of the thread that writes. */
  readonly lock: Int32Array
  /** This thread's number. */
  readonly writer: number
}

/** Milliseconds between two looks at the lock, should nobody have told that it is free. */
const LOCK_CHECK_MS = 20
const MAIN_THREAD = 1
/**
 * How often the main thread looks before it writes all the same, two seconds: a thread that was ended as it wrote keeps the lock until
 * the main thread has heard of its end, and so must not be waited for by it for ever.
 */
const MOST_LOOKS_OF_MAIN = 100

let shared: WriteLock | undefined

export function shareDescriptors(lock: WriteLock): void {
  shared = lock
}

/**
 * Writes synchronously, waiting for a reader that is slow, and giving up on one that is gone. What a rehearsal of the handler logs
 * is not written: nobody asked for anything yet.
 */
export function writeAll(descriptor: number, bytes: Buffer): void {
  if (isRehearsing()) {
    return
  }
  if (shared === undefined) {
    writeWhole(descriptor, bytes)
    return
  }
  const isTaken = takeLock(shared)
  try {
    writeWhole(descriptor, bytes)
  } finally {
    if (isTaken) {
      Atomics.store(shared.lock, 0, 0)
      Atomics.notify(shared.lock, 0, 1)
    }
  }
}

/** Returns whether it was taken: see {@link MOST_LOOKS_OF_MAIN}. */
function takeLock({ lock, writer }: WriteLock): boolean {
  for (let looks = 1; ; looks++) {
    const other = Atomics.compareExchange(lock, 0, 0, writer)
    if (other === 0) {
      return true
    }
    if (writer === MAIN_THREAD && looks > MOST_LOOKS_OF_MAIN) {
      return false
    }
    Atomics.wait(lock, 0, other, LOCK_CHECK_MS)
  }
}

function writeWhole(descriptor: number, bytes: Buffer): void {
  let written = 0
  for (let attempt = 0; written < bytes.length && attempt < MAX_WRITE_ATTEMPTS; attempt++) {
    try {
      written += nodeFs().writeSync(descriptor, bytes, written)
    } catch (error) {
      // The reader is slow and the pipe non-blocking: wait. Anything else (the reader is gone) cannot be helped.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
        return
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
