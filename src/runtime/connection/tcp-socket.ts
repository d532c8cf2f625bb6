/**
 * A TCP connection to the Runtime API without `node:net`. That is on this host's loopback, where connecting succeeds or fails
 * at once.
 *
 * `node:net` brings Node.js's streams with it. To load both, and to compile what connecting calls of them, takes a
 * function that uses neither a tenth of its start; and of what they do (queues, half-open connections, names, timeouts,
 * buffers of their own for each read) the Runtime API needs nothing. So this is Node.js's own TCP handle, on which
 * `node:net` rests, with events of the same names.
 *
 * Where the handle cannot be reached, or the Runtime API is not at an IPv4 address, it is `node:net` all the same.
 */

import { nodeUtil } from '../modules-on-use.ts'
import { nodeBinding } from '../node-binding.ts'
import { Emitter } from './emitter.ts'
import { connectNetSocket } from './net-socket.ts'
import { type BytesListener, READ_BYTES, type RuntimeSocket } from './runtime-socket.ts'

interface StreamRequest {
  oncomplete(status: number): void
}

interface TcpHandle {
  /** Of the open connection; -1 when there is none. */
  readonly fd: number
  onread: () => void
  connect(request: StreamRequest, address: string, port: number): number
  setNoDelay(isOn: boolean): number
  useUserBuffer(memory: Buffer): void
  readStart(): number
  writeLatin1String(request: StreamRequest, text: string): number
  writeUtf8String(request: StreamRequest, text: string): number
  ref(): void
  unref(): void
  close(callback: () => void): void
}

interface TcpBinding {
  readonly TCP: new (type: number) => TcpHandle
  readonly TCPConnectWrap: new () => StreamRequest
  readonly constants: { readonly SOCKET: number }
}

interface StreamBinding {
  readonly WriteWrap: new () => StreamRequest
  /** What the last call of a handle came to, at the indexes that follow. */
  readonly streamBaseState: Int32Array
  readonly kReadBytesOrError: number
  readonly kLastWriteWasAsync: number
}

const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const UV_EOF = -4095

export type ConnectRuntimeSocket = (host: string, port: number) => RuntimeSocket

/**
 * What connects to the Runtime API. To be made before the function is loaded, which may leave less of Node.js to be found.
 */
export function socketConnector(): ConnectRuntimeSocket {
  const bindings = findBindings()
  return (host, port) =>
    bindings && IPV4.test(host) ? new TcpSocket(bindings, host, port) : connectNetSocket(host, port)
}

/** Whether Node.js lets its own TCP handle be had. */
export function isHandleKnown(): boolean {
  return findBindings() !== undefined
}

type Bindings = TcpBinding & StreamBinding

/** Undefined unless all is there that is used of them. */
function findBindings(): Bindings | undefined {
  const found = { ...nodeBinding('tcp_wrap'), ...nodeBinding('stream_wrap') } as Bindings
  const { TCP, TCPConnectWrap, WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = found
  const isKnown =
    [TCP, TCPConnectWrap, WriteWrap].every((member) => typeof member === 'function') &&
    ['useUserBuffer', 'writeLatin1String', 'writeUtf8String'].every((name) => TCP.prototype?.[name]) &&
    streamBaseState?.[kReadBytesOrError] !== undefined &&
    streamBaseState[kLastWriteWasAsync] !== undefined
  return isKnown ? found : undefined
}

class TcpSocket extends Emitter implements RuntimeSocket {
  destroyed = false
  errored: Error | null = null
  readonly #bindings: Bindings
  readonly #handle: TcpHandle
  readonly #memory = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #place: string
  #listener: BytesListener = () => {}
  #isConnected = false
  /** A write that the system took at once leaves its request unused. */
  #request: StreamRequest

  constructor(bindings: Bindings, host: string, port: number) {
    super()
    const { TCP, TCPConnectWrap, constants } = bindings
    this.#bindings = bindings
    this.#place = `${host}:${port}`
    this.#handle = new TCP(constants.SOCKET)
    this.#request = this.#writeRequest()
    const request = new TCPConnectWrap()
    request.oncomplete = (status) => this.#connected(status)
    const status = this.#handle.connect(request, host, port)
    if (status !== 0) {
      process.nextTick(() => this.#connected(status))
    }
  }

  listenToBytes(listener: BytesListener): void {
    this.#listener = listener
  }

  openDescriptor(): number {
    return this.#isConnected && !this.destroyed ? this.#handle.fd : -1
  }

  writeText(text: string, encoding: 'latin1' | 'utf8'): void {
    if (this.destroyed) {
      return
    }
    const { streamBaseState, kLastWriteWasAsync } = this.#bindings
    const status =
      encoding === 'latin1'
        ? this.#handle.writeLatin1String(this.#request, text)
        : this.#handle.writeUtf8String(this.#request, text)
    if (status !== 0) {
      this.#fail('write', status)
    } else if (streamBaseState[kLastWriteWasAsync]) {
      this.#request = this.#writeRequest()
    }
  }

  ref(): this {
    if (!this.destroyed) {
      this.#handle.ref()
    }
    return this
  }

  unref(): this {
    if (!this.destroyed) {
      this.#handle.unref()
    }
    return this
  }

  destroy(error?: Error): this {
    if (this.destroyed) {
      return this
    }
    this.destroyed = true
    this.errored = error ?? null
    this.#handle.close(() => {
      if (error) {
        this.emit('error', error)
      }
      this.emit('close')
    })
    return this
  }

  #writeRequest(): StreamRequest {
    const request = new this.#bindings.WriteWrap()
    request.oncomplete = (status) => {
      if (status !== 0) {
        this.#fail('write', status)
      }
    }
    return request
  }

  #connected(status: number): void {
    if (this.destroyed) {
      return
    }
    if (status !== 0) {
      this.#fail('connect', status)
      return
    }
    this.#isConnected = true
    this.#handle.setNoDelay(true)
    this.#handle.useUserBuffer(this.#memory)
    const { streamBaseState, kReadBytesOrError } = this.#bindings
    this.#handle.onread = () => this.#read(streamBaseState[kReadBytesOrError] as number)
    this.emit('connect')
    if (this.destroyed) {
      return
    }
    const readStatus = this.#handle.readStart()
    if (readStatus !== 0) {
      this.#fail('read', readStatus)
    }
  }

  #read(bytesOrError: number): void {
    if (this.destroyed) {
      return
    }
    if (bytesOrError > 0) {
      this.#listener(this.#memory, bytesOrError)
    } else if (bytesOrError === UV_EOF) {
      this.emit('end')
      this.destroy()
    } else if (bytesOrError < 0) {
      this.#fail('read', bytesOrError)
    }
  }

  /** As Node.js's own errors of system calls. */
  #fail(syscall: string, status: number): void {
    if (this.destroyed) {
      return
    }
    const [code = `Unknown system error ${status}`] = nodeUtil().getSystemErrorMap().get(status) ?? []
    const place = syscall === 'connect' ? ` ${this.#place}` : ''
    const error = new Error(`${syscall} ${code}${place}`)
    this.destroy(Object.assign(error, { errno: status, code, syscall }))
  }
}
