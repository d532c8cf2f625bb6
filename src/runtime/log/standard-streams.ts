/**
 * `process.stdout` and `process.stderr` that write as `console` does: at once.
 *
 * Node.js writes to a pipe from a queue when its reader is slow. What `console` writes meanwhile, straight to the descriptor,
 * gets in front of that, or into the middle of a line; and what is in the queue when the process is frozen waits for the next
 * invocation, or is lost when it is ended. So these write to the descriptors synchronously, as Node.js itself does where they
 * are files. Each is made when it is first asked for.
 *
 * A function that is initialised at build time gets them for a second reason: behind Node.js's own are native objects, which a
 * startup snapshot cannot hold.
 */

import type { Writable } from 'node:stream'
import { nodeFs } from '../modules-on-use.ts'
import { writeAll } from './log-sink.ts'

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const

export type WriteText = (descriptor: number, text: string) => void

export interface StreamOptions {
  readonly isMainThread?: boolean
  /** Takes what is written to each, in the place of the descriptors. */
  readonly write?: WriteText
}

/**
 * Puts them in the place of Node.js's, where those have a queue: on pipes and sockets, and in threads other than the main one.
 */
export function installStandardStreams({ isMainThread = true, write }: StreamOptions = {}): void {
  for (const [name, descriptor] of Object.entries(DESCRIPTORS)) {
    const own = Object.getOwnPropertyDescriptor(process, name)
    let stream: unknown
    const get = (): unknown => {
      if (stream === undefined) {
        const isOurs = write !== undefined || !isMainThread || hasQueue(descriptor)
        stream = isOurs ? descriptorStream(descriptor, write) : own?.get?.call(process)
        if (!isMainThread) {
          passOnCalls(own?.get?.call(process), stream as object)
        }
      }
      return stream
    }
    // Something that was loaded before may have replaced or frozen it.
    if (own?.get && own.configurable) {
      Object.defineProperty(process, name, { ...own, get })
    }
  }
}

/**
 * In a thread, the main thread tells Node.js's own stream when it wants more of what was written to it, by the stream's name: of
 * modules that are loaded before all else, say.
 */
function passOnCalls(own: object, stream: object): void {
  const prototype = Object.getPrototypeOf(own)
  for (const symbol of Object.getOwnPropertySymbols(prototype)) {
    const method = prototype[symbol]
    if (typeof method === 'function') {
      Object.defineProperty(stream, symbol, { value: method.bind(own), enumerable: false })
    }
  }
}

/** For a startup snapshot: whatever the descriptors will be. */
export function installStandardStreamsInSnapshot(): void {
  for (const [name, descriptor] of Object.entries(DESCRIPTORS)) {
    const value = descriptorStream(descriptor)
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true })
  }
}

function hasQueue(descriptor: number): boolean {
  try {
    const stats = nodeFs().fstatSync(descriptor)
    return stats.isFIFO() || stats.isSocket()
  } catch {
    return false // It is closed.
  }
}

function descriptorStream(descriptor: number, writeText?: WriteText): Writable {
  // Loaded here, as most functions never need it.
  const { Writable } = process.getBuiltinModule('node:stream')
  const write = (bytes: Buffer): void =>
    writeText === undefined ? writeAll(descriptor, bytes) : writeText(descriptor, bytes.toString())
  const stream = new Writable({
    autoDestroy: false,
    decodeStrings: true,
    write(chunk: Buffer, _encoding, callback) {
      write(chunk)
      callback()
    },
    writev(chunks, callback) {
      write(Buffer.concat(chunks.map(({ chunk }) => chunk)))
      callback()
    },
    // As Node.js's own, they cannot be closed: they are as before once they have said that they are.
    destroy(error, callback) {
      callback(error)
      Reflect.get(stream, '_undestroy').call(stream)
    },
  })
  // What Node.js's own have where they are pipes, and libraries look for.
  const ofPipes = { fd: descriptor, _type: 'pipe', _isStdio: true, ref: () => stream, unref: () => stream }
  return Object.assign(stream, ofPipes)
}
