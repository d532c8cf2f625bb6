/**
 * The Telemetry API: extensions subscribe to what happens in their environment, and get it over HTTP, in batches.
 *
 * Source: AWS Lambda Developer Guide, "Accessing real-time telemetry data for extensions using the Telemetry API", and its
 * schema reference. The older Logs API has the same subscription, but for its schema versions.
 */

import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { clearTimeout, setTimeout } from 'node:timers'
import { answerError, answerJson } from './answers.ts'
import { readBody } from './request-body.ts'

export type TelemetryType = 'platform' | 'function' | 'extension'

export interface TelemetryEvent {
  /** ISO 8601. */
  time: string
  /** `function`, `extension`, or `platform.start` and so on. */
  type: string
  record: unknown
}

interface Subscription {
  name: string
  types: readonly TelemetryType[]
  destination: URL
  maxItems: number
  maxBytes: number
  timeoutMs: number
  waiting: string[]
  bytes: number
  timer?: NodeJS.Timeout | undefined
  sending: Promise<void>
}

interface SubscriptionRequest {
  types?: unknown
  buffering?: { maxItems?: unknown; maxBytes?: unknown; timeoutMs?: unknown }
  destination?: { protocol?: unknown; URI?: unknown }
}

const MAX_REQUEST_BYTES = 64 * 1024
const TYPES: readonly TelemetryType[] = ['platform', 'function', 'extension']
/** The environment's own host, as extensions name it. */
const SANDBOX_HOST = /^sandbox(\.localdomain)?$/
const SEND_TIMEOUT_MS = 5000

export class Telemetry {
  #subscriptions: Subscription[] = []

  get isSubscribed(): boolean {
    return this.#subscriptions.length > 0
  }

  async subscribe(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    const body = await readBody(request, MAX_REQUEST_BYTES)
    const subscription = body.kind === 'whole' ? readSubscription(body.bytes, name) : undefined
    if (subscription === undefined) {
      const message =
        'expected {"types": […], "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:PORT/"}}'
      return answerError(response, 400, 'Telemetry.InvalidRequest', message)
    }
    this.#subscriptions = [...this.#subscriptions.filter((each) => each.name !== name), subscription]
    answerJson(response, 200, 'OK' as unknown as object)
    const { types } = subscription
    this.publish('platform.telemetrySubscription', { name, state: 'Subscribed', types })
  }

  publish(type: string, record: unknown): void {
    const [kind] = type.split('.') as [TelemetryType]
    const subscriptions = this.#subscriptions.filter(({ types }) => types.includes(kind))
    if (subscriptions.length === 0) {
      return
    }
    const event: TelemetryEvent = { time: new Date().toISOString(), type, record }
    const text = JSON.stringify(event)
    for (const subscription of subscriptions) {
      subscription.waiting.push(text)
      subscription.bytes += text.length
      if (
        subscription.waiting.length >= subscription.maxItems ||
        subscription.bytes >= subscription.maxBytes
      ) {
        send(subscription)
      } else {
        subscription.timer ??= setTimeout(() => send(subscription), subscription.timeoutMs)
      }
    }
  }

  /** Resolves when all that was published has been sent, or could not be. */
  async flush(): Promise<void> {
    this.#subscriptions.forEach(send)
    await Promise.all(this.#subscriptions.map(({ sending }) => sending))
  }

  forget(): void {
    for (const { timer } of this.#subscriptions) {
      clearTimeout(timer)
    }
    this.#subscriptions = []
  }
}

/** One batch after the other. */
function send(subscription: Subscription): void {
  clearTimeout(subscription.timer)
  subscription.timer = undefined
  if (subscription.waiting.length === 0) {
    return
  }
  const batch = `[${subscription.waiting.join(',')}]`
  subscription.waiting = []
  subscription.bytes = 0
  subscription.sending = subscription.sending.then(() => post(subscription.destination, batch))
}

/** What cannot be delivered is dropped: a log is no reason for a function to wait. */
function post(destination: URL, body: string): Promise<void> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    const request = httpRequest(destination, { method: 'POST', headers, timeout: SEND_TIMEOUT_MS })
    request.on('response', (response) => response.resume().on('close', resolve))
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve())
    request.end(body)
  })
}

function readSubscription(body: Buffer, name: string): Subscription | undefined {
  try {
    const { types, buffering, destination } = JSON.parse(body.toString()) as SubscriptionRequest
    if (
      !Array.isArray(types) ||
      !types.every((type) => TYPES.includes(type)) ||
      String(destination?.protocol ?? 'HTTP') !== 'HTTP'
    ) {
      return undefined
    }
    const url = new URL(String(destination?.URI))
    if (url.protocol !== 'http:' || !SANDBOX_HOST.test(url.hostname)) {
      return undefined
    }
    url.hostname = '127.0.0.1'
    return {
      name,
      types,
      destination: url,
      maxItems: within(buffering?.maxItems, 1000, 10_000, 10_000),
      maxBytes: within(buffering?.maxBytes, 262_144, 1_048_576, 262_144),
      timeoutMs: within(buffering?.timeoutMs, 25, 30_000, 1000),
      waiting: [],
      bytes: 0,
      sending: Promise.resolve(),
    }
  } catch {
    return undefined
  }
}

function within(value: unknown, least: number, most: number, otherwise: number): number {
  return typeof value === 'number' ? Math.min(Math.max(value, least), most) : otherwise
}
