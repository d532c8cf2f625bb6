/**
 * `process.stdout` and `process.stderr` for a function that is initialised at build time: loggers keep them as they load.
 *
 * Node.js makes its own of what the descriptors are, and where that is a pipe, a native object is behind them, which a
 * startup snapshot cannot hold. These write to the descriptors that the process has then, synchronously, as Node.js does
 * to files: nothing may be lost when the process is frozen or ended.
 */

import { Writable } from 'node:stream'
import { writeAll } from '../runtime/log/log-sink.ts'

const DESCRIPTORS = { stdout: 1, stderr: 2 } as const

class DescriptorStream extends Writable {
  readonly fd: number

  constructor(fd: number) {
    super({ autoDestroy: false, decodeStrings: true })
    this.fd = fd
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    writeAll(this.fd, chunk)
    callback()
  }
}

export function installStandardStreams(): void {
  for (const [name, descriptor] of Object.entries(DESCRIPTORS)) {
    const value = new DescriptorStream(descriptor)
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true, writable: true })
  }
}
