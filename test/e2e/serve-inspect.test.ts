import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { type ServeProcess, startServe } from '../support/emulator/serve-process.ts'
import { freePort } from '../support/free-port.ts'

const SOURCE = `interface Order {
  readonly id: number
}

export async function handler(order: Order): Promise<string> {
  const label = \`order \${order.id}\`
  return label
}
`
/** Of \`return label\`, counted from 0. */
const LINE = 6

interface ParsedScript {
  scriptId: string
  url: string
  sourceMapURL?: string
}

/** The side of the Chrome DevTools Protocol that an editor is on. */
class Debugger {
  readonly #socket: WebSocket
  readonly #answers = new Map<number, (result: unknown) => void>()
  readonly #events = new Map<string, (parameters: unknown) => void>()
  #id = 0

  static async attach(port: number): Promise<Debugger> {
    const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      webSocketDebuggerUrl: string
    }[]
    const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
    await once(socket, 'open')
    return new Debugger(socket)
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, method, params, result } = JSON.parse(String(data))
      if (id === undefined) {
        this.#events.get(method)?.(params)
      } else {
        this.#answers.get(id)?.(result)
      }
    })
  }

  async send(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#id
    this.#socket.send(JSON.stringify({ id, method, params }))
    return await new Promise((resolve) => this.#answers.set(id, resolve))
  }

  on(event: string, listener: (parameters: unknown) => void): void {
    this.#events.set(event, listener)
  }

  /** While the program is still there: a WebSocket that is not closed from both sides keeps its process alive. */
  async close(): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }
}

test('with --inspect, a debugger stops at a line of the TypeScript source, and nothing times out meanwhile', async (context) => {
  const folder = temporaryFolder(context)
  const entry = join(folder, 'orders.ts')
  writeFileSync(entry, SOURCE)
  const port = await freePort()
  const serve = await startServe(context, folder, [
    '--watch',
    'orders.ts',
    '--inspect',
    '--inspect-port',
    String(port),
    '--timeout',
    '1',
  ])
  // The program is there before its first invocation; this one only waits for that.
  assert.equal(await (await serve.invoke('orders', { id: 1 })).text(), '"order 1"')

  const client = await Debugger.attach(port)
  try {
    await stopAtLine(client, serve, entry)
  } finally {
    await client.close()
  }
})

async function stopAtLine(client: Debugger, serve: ServeProcess, entry: string): Promise<void> {
  const scripts: ParsedScript[] = []
  client.on('Debugger.scriptParsed', (script) => scripts.push(script as ParsedScript))
  await client.send('Debugger.enable')
  const script = scripts.find(({ url }) => url.endsWith('/function.js'))
  const map = new SourceMap(JSON.parse(await (await fetch(script?.sourceMapURL ?? '')).text()))
  assert.deepEqual(map.payload.sources, [`file://${entry}`])
  const generatedLine = lineOf(map, LINE)
  const { actualLocation } = (await client.send('Debugger.setBreakpoint', {
    location: { scriptId: script?.scriptId, lineNumber: generatedLine },
  })) as { actualLocation: { lineNumber: number } }
  assert.equal(actualLocation.lineNumber, generatedLine)

  const paused = new Promise<{
    callFrames: { location: { lineNumber: number; columnNumber: number }; callFrameId: string }[]
  }>((resolve) => client.on('Debugger.paused', (parameters) => resolve(parameters as never)))
  const answer = serve.invoke('orders', { id: 2 })
  const [frame] = (await paused).callFrames
  assert.ok(frame !== undefined)
  const origin = map.findEntry(frame.location.lineNumber, frame.location.columnNumber)
  assert.equal('originalLine' in origin && origin.originalLine, LINE)
  // Longer than the function's timeout.
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const evaluated = (await client.send('Debugger.evaluateOnCallFrame', {
    callFrameId: frame.callFrameId,
    expression: 'label',
  })) as { result: { value: string } }
  assert.equal(evaluated.result.value, 'order 2')
  await client.send('Debugger.resume')
  assert.equal(await (await answer).text(), '"order 2"')
}

/** The first generated line that comes from the original line. */
function lineOf(map: SourceMap, original: number): number {
  for (let line = 0; line < 200; line++) {
    for (let column = 0; column < 200; column++) {
      const entry = map.findEntry(line, column)
      if ('generatedLine' in entry && entry.generatedLine === line && entry.originalLine === original) {
        return line
      }
    }
  }
  throw new Error('the source map does not know the line')
}
