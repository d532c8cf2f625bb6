/** The event of `lambdabin invoke`: bytes that are JSON, kept as they came. */

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { bytesWithoutMark } from '../../compiler/text/byte-order-mark.ts'
import { jsonErrorOffset } from '../../configuration/json-error-offset.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { MAX_EVENT_BYTES } from '../../runtime-api/contract.ts'

/** Where the event comes from. */
export type EventSource =
  | { kind: 'text'; text: string }
  | { kind: 'file'; path: string }
  | { kind: 'standard input' }
  | { kind: 'made'; make: () => Promise<object> }

export async function readEvent(source: EventSource): Promise<Buffer> {
  const bytes = await readBytes(source)
  const name = nameOf(source)
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new UsageError(
      `expected an event of ${MAX_EVENT_BYTES} bytes at most, as Lambda does, but ${name} has ${bytes.length}; send less`,
    )
  }
  checkJson(bytes, name)
  return bytes
}

function nameOf(source: EventSource): string {
  switch (source.kind) {
    case 'text':
      return '--event'
    case 'file':
      return source.path
    case 'standard input':
      return source.kind
    case 'made':
      return 'the event'
  }
}

async function readBytes(source: EventSource): Promise<Buffer> {
  switch (source.kind) {
    case 'text':
      return Buffer.from(source.text)
    case 'file':
      return await readEventFile(source.path)
    case 'standard input':
      return bytesWithoutMark(await buffer(process.stdin))
    case 'made':
      return Buffer.from(JSON.stringify(await source.make()))
  }
}

async function readEventFile(path: string): Promise<Buffer> {
  try {
    return bytesWithoutMark(await readFile(path))
  } catch (error) {
    const message = `expected a file with the event, but cannot read ${path}; check --event-file`
    throw new UsageError(message, { cause: error })
  }
}

function checkJson(bytes: Buffer, name: string): void {
  if (!isUtf8(bytes)) {
    throw new UsageError(`expected an event in UTF-8, but ${name} is in another encoding; convert it`)
  }
  const text = bytes.toString()
  try {
    JSON.parse(text)
  } catch (error) {
    const message = `expected an event in JSON, but ${name} is not: ${describe(text)}; correct it there`
    throw new UsageError(message, { cause: error })
  }
}

function describe(text: string): string {
  if (text.trim() === '') {
    return 'it is empty'
  }
  const found = jsonErrorOffset(text)
  if (found >= text.length) {
    return 'it ends too early'
  }
  const offset = startOfWord(text, found)
  const before = text.slice(0, offset).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  const there = JSON.stringify(text.slice(offset, offset + 20))
  return `line ${before.length}, column ${column} has the unexpected ${there}`
}

/** JSON stops in the middle of `nope`, since null begins so; the whole word tells more. */
function startOfWord(text: string, offset: number): number {
  const [word = ''] = /[a-z]+$/i.exec(text.slice(Math.max(0, offset - 20), offset)) ?? []
  return /[a-z]/i.test(text.charAt(offset)) ? offset - word.length : offset
}
