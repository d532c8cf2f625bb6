import type { Writable } from 'node:stream'

/**
 * Writes a web stream to a Node.js one, chunk by chunk as they come and no faster than they are taken, and ends it.
 * Rejects with what the body fails with, once all that came before is taken. When `destination` is destroyed, the body is cancelled, and that is all.
 */
export async function pipeBody(body: ReadableStream<Uint8Array>, destination: Writable): Promise<void> {
  const reader = body.getReader()
  const cancel = (): void => void reader.cancel(destination.errored ?? undefined).catch(() => {})
  destination.once('close', cancel)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || destination.destroyed) {
        break
      }
      if (!destination.write(value)) {
        await room(destination)
      }
    }
  } catch (error) {
    await taken(destination)
    throw error
  } finally {
    destination.off('close', cancel)
  }
  if (destination.destroyed) {
    cancel()
  } else {
    destination.end()
  }
}

/** Resolves when there is room for more, or there never will be. */
function room(destination: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      destination.off('drain', done)
      destination.off('close', done)
      resolve()
    }
    if (destination.destroyed) {
      return resolve()
    }
    destination.on('drain', done)
    destination.on('close', done)
  })
}

/** Resolves when nothing that was written is waiting any more. */
function taken(destination: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (destination.destroyed) {
      resolve()
    } else {
      destination.write('', () => resolve())
    }
  })
}
