import assert from 'node:assert/strict'
import { EventEmitter, on, once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { type EntryInProgress, InvocationHistory } from '../../../src/emulator/invocation-history.ts'
import { PageChanges } from '../../../src/emulator/page/page-changes.ts'
import type { PageSource } from '../../../src/emulator/page/page-state.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

interface Change {
  invocations: { requestId: string; state: string }[]
  isPartial: boolean
  functions?: object[]
  queued?: { event: string }[]
  queuedCount?: number
  failed?: object[]
}

interface Followed {
  history: InvocationHistory
  queue: EventEmitter & { events: object[] }
  /** A page that reads; each call is the next change that it is told. */
  open: () => Promise<{ next: () => Promise<Change>; response: IncomingMessage }>
}

async function follow(context: TestContext): Promise<Followed> {
  const history = new InvocationHistory()
  const queue = Object.assign(new EventEmitter(), { events: [] as object[] })
  const lambda = { functions: [] }
  const source = { lambda, queue, history, failedFolder: temporaryFolder(context) }
  const changes = new PageChanges(source as unknown as PageSource)
  const server = createServer((_, response) => changes.follow(response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    changes.close()
    server.close()
    server.closeAllConnections()
  })
  const open = async () => {
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const lines = on(createInterface(response), 'line')
    const next = async () => {
      for (;;) {
        const [line] = ((await lines.next()) as IteratorYieldResult<[string]>).value
        if (line.startsWith('data: ')) {
          return JSON.parse(line.slice('data: '.length)) as Change
        }
      }
    }
    return { next, response }
  }
  return { history, queue, open }
}

function begin(history: InvocationHistory, number: number): EntryInProgress {
  const event = Buffer.from(`{"n":${number}}`)
  const requestId = `request-${number}`
  return history.begin('orders', '$LATEST', { requestId, event, invokedFunctionArn: '', traceId: '' }, 'api')
}

function end(entry: EntryInProgress): void {
  entry.refused(new Error('it could not be run'))
}

test('of what changes at once the latest is told, and that there was more, until all is', async (context) => {
  const { history, open } = await follow(context)
  const { next } = await open()
  const first = await next()
  assert.deepEqual([first.invocations, first.isPartial], [[], false])
  const entries = Array.from({ length: 400 }, (_, index) => begin(history, index))
  const burst = await next()
  assert.ok(burst.isPartial && burst.invocations.length <= 30, `${burst.invocations.length} are told of`)
  assert.equal(burst.invocations.at(-1)?.requestId, 'request-399')
  entries.forEach(end)
  // So many that the history has none of the first any more.
  for (let index = 400; index < 1000; index++) {
    end(begin(history, index))
  }
  const told = await next()
  assert.ok(told.isPartial)
  const ended = new Set(told.invocations.map(({ requestId }) => requestId))
  assert.ok(
    burst.invocations.slice(-5).every(({ requestId }) => ended.has(requestId)),
    'what was told of as not ended is told of when it has',
  )
  assert.deepEqual(await next(), { invocations: [], isPartial: false })
})

test('while much changes there is one update a second, and a single one comes at once', async (context) => {
  const { history, open } = await follow(context)
  const { next } = await open()
  await next()
  const started = performance.now()
  end(begin(history, 0))
  assert.equal((await next()).invocations.length, 1)
  const load = setInterval(
    () => Array.from({ length: 30 }, (_, index) => begin(history, index)).forEach(end),
    10,
  )
  context.after(() => clearInterval(load))
  const updates: number[] = []
  for (let index = 0; index < 4; index++) {
    await next()
    updates.push(performance.now() - started)
  }
  clearInterval(load)
  const [first = 0, , , last = 0] = updates
  assert.ok(last - first > 2500, `updates came after ${updates} ms`)
})

test('what has not changed is not told again, and a new page is told all that has', async (context) => {
  const { history, queue, open } = await follow(context)
  const { next } = await open()
  const first = await next()
  assert.deepEqual([first.functions, first.queued, first.queuedCount, first.failed], [[], [], 0, []])
  end(begin(history, 1))
  assert.deepEqual(Object.keys(await next()), ['invocations', 'isPartial'])
  const event = Buffer.from(JSON.stringify('ü'.repeat(5000)))
  queue.events = Array.from({ length: 300 }, (_, index) => ({ requestId: `${index}`, attempts: 0, event }))
  queue.emit('change')
  const { queued = [], queuedCount, functions } = await next()
  assert.deepEqual([queued.length, queuedCount, functions], [100, 300, undefined])
  assert.match(queued[0]?.event ?? '', /^"ü{50,100}$/, 'no whole events, and no halved letters')
})

test('a page that did not read is told everything when it does', { timeout: 60_000 }, async (context) => {
  const { history, queue, open } = await follow(context)
  const slow = await open()
  await slow.next()
  slow.response.pause()
  const reader = await open()
  // More than lies in buffers on the way to the one that does not read.
  const requestId = 'x'.repeat(20_000)
  for (let index = 0; index < 12; index++) {
    queue.events = Array.from({ length: 100 }, () => ({
      requestId,
      attempts: index,
      event: Buffer.from('{}'),
    }))
    queue.emit('change')
    await reader.next()
  }
  queue.events = []
  queue.emit('change')
  while ((await reader.next()).queuedCount !== 0) {}
  end(begin(history, 1))
  await reader.next()
  slow.response.resume()
  let last: Change
  let wasAsked = false
  do {
    last = await slow.next()
    wasAsked ||= last.isPartial && last.queuedCount === 0
  } while (!wasAsked)
  while ((await slow.next()).isPartial) {}
})
