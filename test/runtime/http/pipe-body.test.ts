import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { pipeBody } from '../../../src/runtime/http/pipe-body.ts'

/** Takes one chunk at a time, each when it is let. */
class SlowDestination extends Writable {
  readonly taken: string[] = []
  #next: (() => void) | undefined

  constructor() {
    super({ highWaterMark: 1 })
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.taken.push(chunk.toString())
    this.#next = callback
    this.emit('taken')
  }

  let(): void {
    this.#next?.()
  }
}

/** A body of the chunks `0`, `1`, … that counts how many were asked for, and tells with what it was cancelled. */
function counted(limit = Number.POSITIVE_INFINITY) {
  const cancelled = Promise.withResolvers<unknown>()
  const source = { asked: 0, cancelled: cancelled.promise }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (source.asked === limit) {
          controller.close()
        } else {
          controller.enqueue(Buffer.from(String(source.asked++)))
        }
      },
      cancel: (reason) => cancelled.resolve(reason),
    },
    { highWaterMark: 0 },
  )
  return { source, body }
}

test('a body is asked for no more than the destination takes', async () => {
  const { source, body } = counted(3)
  const destination = new SlowDestination()
  const piped = pipeBody(body, destination)
  for (const chunk of ['0', '1', '2']) {
    if (!destination.taken.includes(chunk)) {
      await once(destination, 'taken')
    }
    assert.equal(source.asked, Number(chunk) + 1)
    destination.let()
  }
  await piped
  assert.deepEqual(destination.taken, ['0', '1', '2'])
  assert.equal(destination.writableEnded, true)
})

test('a body is cancelled when its destination is destroyed while it is full', async () => {
  const { source, body } = counted()
  const destination = new SlowDestination()
  destination.on('error', () => {})
  const piped = pipeBody(body, destination)
  await once(destination, 'taken')
  const reason = new Error('the client is gone')
  destination.destroy(reason)
  await piped
  assert.equal(await source.cancelled, reason)
  assert.equal(source.asked, 1)
})

test('a body is cancelled when its destination is destroyed while it waits for a chunk', async () => {
  const cancelled = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({
    pull() {
      asked.resolve()
      return new Promise(() => {})
    },
    cancel: () => cancelled.resolve(),
  })
  const destination = new SlowDestination()
  const piped = pipeBody(body, destination)
  await asked.promise
  destination.destroy()
  await piped
  await cancelled.promise
})

test('a body is cancelled when its destination was destroyed before', async () => {
  const { source, body } = counted()
  const destination = new SlowDestination()
  destination.destroy()
  await once(destination, 'close')
  await pipeBody(body, destination)
  await source.cancelled
  assert.deepEqual(destination.taken, [])
})

test('what a body fails with is told, and the destination is left to be ended by who hears it', async () => {
  const failure = new RangeError('the source broke')
  let chunks = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (chunks++ === 0) {
        controller.enqueue(Buffer.from('first'))
      } else {
        controller.error(failure)
      }
    },
  })
  const destination = new SlowDestination()
  destination.on('taken', () => setImmediate(() => destination.let()))
  // Takes its time, so that what the body begins with has to wait when the body fails.
  destination.write('before')
  await assert.rejects(pipeBody(body, destination), failure)
  assert.equal(destination.writableEnded, false)
  assert.deepEqual(destination.taken.slice(0, 2), ['before', 'first'])
})
