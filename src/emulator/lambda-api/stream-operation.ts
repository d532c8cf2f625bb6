/**
 * InvokeWithResponseStream: runs a function and answers with a stream of events, as its response arrives.
 *
 * PayloadChunk events carry the response, in pieces of any size; one InvokeComplete says that it is over, and why if it
 * is not whole. Source: the operation's description in the AWS Lambda API reference; the framing is Smithy's.
 */

import type { ServerResponse } from 'node:http'
import type { EventStreamCodec } from '@smithy/core/event-streams'
import { MAX_EVENT_BYTES } from '../../runtime-api/contract.ts'
import type { FunctionError, InvocationOutcome } from '../../runtime-api/exchange.ts'
import { answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, qualifiedFunction } from '../http/api-request.ts'
import { departureSignal } from '../http/client-departure.ts'
import { readHeader, readInvocationRequest } from '../http/invoke-request.ts'
import { writeAtPace } from '../http/slow-reader.ts'
import { invocationHeaders } from './invoke-operation.ts'

/** Bytes of a chunk; a message may be larger, but a client has to hold each whole. */
const MAX_CHUNK_BYTES = 64 * 1024

export async function invokeWithResponseStream(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const { name, qualifier } = qualifiedFunction(call)
  const type = readHeader(request, 'X-Amz-Invocation-Type', ['RequestResponse', 'DryRun'])
  const withLog = readHeader(request, 'X-Amz-Log-Type', ['None', 'Tail']) === 'Tail'
  const invocation = await readInvocationRequest(request, MAX_EVENT_BYTES, 'InvokeWithResponseStream')
  if (type === 'DryRun') {
    answerNothing(response, 204)
    return
  }
  const stream = await EventStreamAnswer.load(response)
  const signal = departureSignal(response)
  const started = await lambda.invoker.invoke(name, { ...invocation, qualifier, signal })
  const outcome = await started.outcome
  response.writeHead(200, {
    ...invocationHeaders(started),
    'Content-Type': 'application/vnd.amazon.eventstream',
  })
  response.flushHeaders()
  const failure = await sendPayload(stream, outcome)
  await stream.complete(failure, withLog ? (await started.logTail).toString('base64') : undefined)
}

/** Resolves with why the payload is not whole. */
async function sendPayload(
  stream: EventStreamAnswer,
  outcome: InvocationOutcome,
): Promise<FunctionError | undefined> {
  switch (outcome.kind) {
    case 'error':
      return outcome
    case 'response':
      await stream.payload(outcome.body)
      return undefined
    case 'stream':
      // A client that leaves ends the loop, and with it the body, so that the function is not held up.
      for await (const chunk of outcome.body) {
        await stream.payload(chunk)
        if (stream.isClosed) {
          break
        }
      }
      return await outcome.failure
  }
}

class EventStreamAnswer {
  readonly #response: ServerResponse
  readonly #codec: EventStreamCodec

  /** The codec is loaded when it is first needed: most who start the emulator never stream. */
  static async load(response: ServerResponse): Promise<EventStreamAnswer> {
    const { EventStreamCodec } = await import('@smithy/core/event-streams')
    const decoder = new TextDecoder()
    const encoder = new TextEncoder()
    const toText = (bytes: Uint8Array | string) => (typeof bytes === 'string' ? bytes : decoder.decode(bytes))
    return new EventStreamAnswer(response, new EventStreamCodec(toText, (text) => encoder.encode(text)))
  }

  private constructor(response: ServerResponse, codec: EventStreamCodec) {
    this.#response = response
    this.#codec = codec
  }

  get isClosed(): boolean {
    return this.#response.destroyed
  }

  async payload(bytes: Buffer): Promise<void> {
    for (let start = 0; start < bytes.length; start += MAX_CHUNK_BYTES) {
      const chunk = bytes.subarray(start, start + MAX_CHUNK_BYTES)
      await this.#send('PayloadChunk', 'application/octet-stream', chunk)
    }
  }

  async complete(failure: FunctionError | undefined, logResult: string | undefined): Promise<void> {
    const document = {
      ...(failure !== undefined && { ErrorCode: failure.errorType, ErrorDetails: failure.body.toString() }),
      ...(logResult !== undefined && { LogResult: logResult }),
    }
    await this.#send('InvokeComplete', 'application/json', Buffer.from(JSON.stringify(document)))
    this.#response.end()
  }

  /** Resolves when the client has room for more, or has left. */
  async #send(eventType: string, contentType: string, body: Uint8Array): Promise<void> {
    const message = this.#codec.encode({
      headers: {
        ':message-type': { type: 'string', value: 'event' },
        ':event-type': { type: 'string', value: eventType },
        ':content-type': { type: 'string', value: contentType },
      },
      body,
    })
    await writeAtPace(this.#response, message)
  }
}
