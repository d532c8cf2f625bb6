/** The event of an invocation, as the bytes that the function gets. */
import { bytesWithoutMark } from '../compiler/text/byte-order-mark.ts'
import { UsageError } from '../configuration/usage-error.ts'
import { MAX_EVENT_BYTES } from '../runtime-api/contract.ts'

/** Bytes are JSON, and are taken as they are; anything else becomes JSON. Throws a UsageError. */
export function eventBytes(event: unknown = {}): Uint8Array {
  const bytes =
    event instanceof Uint8Array
      ? bytesWithoutMark(event)
      : Buffer.from(jsonText(event, (cause) => refuseEvent(event, cause)))
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new UsageError(
      `expected an event of ${MAX_EVENT_BYTES} bytes at most, as Lambda does, but it has ${bytes.length}; send less`,
    )
  }
  if (event instanceof Uint8Array) {
    checkJson(bytes)
  }
  return bytes
}

function checkJson(bytes: Uint8Array): void {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UsageError(
      `expected an event in JSON, as bytes are taken for it, but they are none: ${why}; correct them, or give a value`,
      { cause: error },
    )
  }
}

function refuseEvent(event: unknown, cause: unknown): UsageError {
  const why = cause instanceof Error ? cause.message.split('\n')[0] : `a ${typeof event} is none`
  return new UsageError(`expected an event that can be JSON, but ${why}; give another`, { cause })
}

/** The text of `value`; throws what `refuse` makes where there can be none, of what `JSON.stringify` has thrown, if it has. */
export function jsonText(value: unknown, refuse: (cause: unknown) => Error): string {
  let text: string | undefined
  let cause: unknown
  try {
    text = JSON.stringify(value)
  } catch (error) {
    cause = error
  }
  if (text === undefined) {
    throw refuse(cause)
  }
  return text
}
