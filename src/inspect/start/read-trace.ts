/**
 * Asks a traced process for its trace over Node.js's inspector, which a signal opens: nothing of it is there while the start goes on.
 */
import { setTimeout } from 'node:timers'
import { TRACE, type Trace } from './trace.ts'

const ADDRESS = /ws:\/\/127\.0\.0\.1:\d+\/[\w-]+/
const POLL_MS = 5

/** `output` is what the process has written until now: the inspector's address will be in it. */
export async function readTrace(
  output: () => string,
  what: 'read' | 'write caches',
): Promise<Trace | undefined> {
  const address = await inspectorAddress(output)
  const call = what === 'read' ? `${TRACE}.read()` : `${TRACE}.writeCaches()`
  return (await evaluate(address, `globalThis.${call}`)) as Trace | undefined
}

/** Whoever calls has a limit of time. */
async function inspectorAddress(output: () => string): Promise<string> {
  for (;;) {
    const [found] = ADDRESS.exec(output()) ?? []
    if (found !== undefined) {
      return found
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

interface Reply {
  readonly id?: number
  readonly result?: {
    readonly result?: { readonly value?: unknown }
    readonly exceptionDetails?: { text: string }
  }
}

async function evaluate(address: string, expression: string): Promise<unknown> {
  const socket = new WebSocket(address)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    socket.addEventListener('error', () => reject(new Error(`the inspector at ${address} does not answer`)))
    socket.addEventListener('close', () => reject(new Error(`the inspector at ${address} has gone`)))
    socket.addEventListener('open', () =>
      socket.send(
        JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }),
      ),
    )
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as Reply
      if (id !== 1) {
        return
      }
      if (result?.exceptionDetails !== undefined) {
        reject(new Error(`the trace could not be read: ${result.exceptionDetails.text}`))
      } else {
        resolve(result?.result?.value)
      }
    })
    return await promise
  } finally {
    socket.close()
  }
}
