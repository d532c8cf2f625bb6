/**
 * A response that is sent while it is written, in chunks over a connection of its own.
 *
 * An error after the first byte cannot be an error answer any more. It is told in trailers behind the last chunk: the
 * error's type, and its document in base64. undici sends no trailers, and Node.js's own HTTP client does; it is loaded
 * for streaming handlers only.
 */

import { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import {
  ERROR_BODY_TRAILER,
  ERROR_TYPE_HEADER,
  type ErrorDocument,
  RESPONSE_MODE_HEADER,
  responsePath,
  STATUS,
} from '../../runtime-api/contract.ts'
import { splitAddress } from '../connection/runtime-address.ts'
import { errorTypeHeader } from '../error-response.ts'
import { RuntimeApiFailure } from '../errors.ts'
import { logRuntimeProblem } from '../log/log.ts'
import { nodeFs } from '../modules-on-use.ts'
import { ResponseStream } from './response-stream.ts'

export class StreamedResponse {
  readonly stream: ResponseStream
  readonly #runtimeApi: string
  readonly #requestId: string
  readonly #settled = Promise.withResolvers<void>()
  #request: ClientRequest | undefined
  #isEnding = false
  /** What the response ends with, if not well. */
  #failure: ErrorDocument | undefined

  constructor(runtimeApi: string, requestId: string, highWaterMark?: number) {
    this.#runtimeApi = runtimeApi
    this.#requestId = requestId
    this.stream = new ResponseStream(
      {
        begin: (contentType) => this.#begin(contentType),
        write: (bytes, sent) => {
          if (bytes.length === 0) {
            sent()
          } else {
            this.#request?.write(bytes, sent)
          }
        },
        end: (ended) => {
          this.#end()
          this.#settled.promise.then(() => ended(), ended)
        },
      },
      highWaterMark,
    )
    this.#settled.promise.catch(() => {})
  }

  /**
   * Resolves once the platform has answered the whole response. Rejects when the connection was lost before that, or
   * with `RuntimeApiFailure` when the process must end.
   */
  get settled(): Promise<void> {
    return this.#settled.promise
  }

  /** Ends a response that has begun with an error, behind all that was written. Resolves and rejects as `settled` does. */
  abort(document: ErrorDocument): Promise<void> {
    this.#failure = document
    if (this.stream.destroyed) {
      this.#end()
    } else {
      this.stream.end()
    }
    return this.settled
  }

  /**
   * Ends a response that has begun with an error in the process's last turn, without waiting for anything. Returns whether it
   * could: all that was written has to be with the system already.
   */
  failLast(document: ErrorDocument): boolean {
    const request = this.#request
    const socket = request?.socket as HandledSocket | null | undefined
    const descriptor = socket?._handle?.fd
    if (!request || !socket?.bytesWritten || !descriptor || descriptor < 0) {
      return false
    }
    if (this.#isEnding) {
      return true // It is whole, and with the system.
    }
    const lines = Object.entries(trailersOf(document)).map(([name, value]) => `${name}: ${value}\r\n`)
    const end = Buffer.from(`0\r\n${lines.join('')}\r\n`)
    try {
      return request.writableLength === 0 && nodeFs().writeSync(descriptor, end) === end.length
    } catch {
      return false // The reader is slow, or gone.
    }
  }

  #end(): void {
    const failure = this.#failure
    this.#isEnding = true
    // From now on, the process waits for the platform's word.
    this.#request?.socket?.ref()
    if (failure && !this.#request?.writableEnded) {
      this.#request?.addTrailers(trailersOf(failure))
    }
    this.#request?.end()
  }

  #begin(contentType: string): void {
    const path = responsePath(this.#requestId)
    // Not http.request, which tracing libraries patch: this is no request of the function's.
    const request = new ClientRequest({
      ...splitAddress(this.#runtimeApi),
      path,
      method: 'POST',
      agent: false,
      // Whatever the platform says, it has taken the response.
      maxHeaderSize: 1024 * 1024,
      headers: {
        'content-type': contentType,
        [RESPONSE_MODE_HEADER]: 'streaming',
        'transfer-encoding': 'chunked',
        trailer: `${ERROR_TYPE_HEADER}, ${ERROR_BODY_TRAILER}`,
      },
    })
    this.#request = request
    request.setNoDelay(true)
    // What is being connected or written keeps the process alive by itself. A connection that only waits for the handler to
    // write does not: where nothing is left to do, the handler will not.
    request.on('socket', (socket) => {
      if (!this.#isEnding) {
        socket.unref()
      }
    })
    request.on('response', (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (statusCode === STATUS.containerError) {
        this.#settled.reject(
          new RuntimeApiFailure(
            `The Runtime API answered POST ${path} with 500, which asks the runtime to exit.`,
          ),
        )
        return
      }
      if (statusCode < 200 || statusCode >= 300) {
        logRuntimeProblem(`the streamed response to POST ${path} was answered ${statusCode}; going on`)
      }
      this.#settled.resolve()
      // Whatever the handler still writes has nowhere to go.
      if (!this.stream.writableFinished) {
        this.stream.destroy()
      }
    })
    request.on('error', (error) => {
      this.#settled.reject(error)
      this.stream.destroy(error)
    })
    // The first chunk goes out as soon as it is written, and so does the head when there is none.
    request.flushHeaders()
  }
}

/** A socket of Node.js's, and the native object behind it. */
type HandledSocket = Socket & { readonly _handle?: { readonly fd?: number } | null }

function trailersOf(failure: ErrorDocument): Record<string, string> {
  return {
    [ERROR_TYPE_HEADER]: errorTypeHeader(failure.errorType),
    [ERROR_BODY_TRAILER]: Buffer.from(JSON.stringify(failure)).toString('base64'),
  }
}
