import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { EventSourcePoller } from '../../../src/emulator/event-sources/event-source-poller.ts'
import { FolderQueue } from '../../../src/emulator/event-sources/folder-queue.ts'
import { SqsQueue } from '../../../src/emulator/event-sources/sqs-queue.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { createFixture, startEmulator } from '../../support/emulator/local-emulator.ts'
import { eventually } from '../../support/eventually.ts'

async function start(context: TestContext, queue: FolderQueue | SqsQueue, batchSize = 10) {
  const emulator = await startEmulator(context)
  await createFixture(emulator.client(), 'orders')
  const notices: string[] = []
  const { lambda } = emulator
  const poller = new EventSourcePoller({
    ...{ lambda, functionName: 'orders', queue, batchSize },
    onNotice: (message) => notices.push(message),
  })
  poller.start()
  context.after(() => poller.close())
  return { ...emulator, notices }
}

const files = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.json'))

test('files of a folder are messages: what the function takes is deleted', async (context) => {
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, '1.json'), '{"order":1}')
  const { logs } = await start(context, new FolderQueue(folder))
  await eventually(() => files(folder).length === 0, 'the first is gone')
  writeFileSync(join(folder, '2.json'), '{"order":2}')
  await eventually(() => files(folder).length === 0, 'the second is gone')
  await eventually(() => logs().match(/^REPORT/gm)?.length === 2, 'there were two batches')
})

interface SqsMessage {
  MessageId: string
  ReceiptHandle: string
  Body: string
  MD5OfBody: string
}

/** A queue server that speaks as much of SQS as a poller needs. */
async function sqsServer(context: TestContext, bodies: string[]) {
  let messages: SqsMessage[] = bodies.map((Body, index) => ({
    MessageId: `id-${index}`,
    ReceiptHandle: `handle-${index}`,
    Body,
    MD5OfBody: 'md5',
  }))
  const deleted: string[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    const target = String(request.headers['x-amz-target'])
    const document = (await json(request)) as {
      MaxNumberOfMessages?: number
      Entries?: { ReceiptHandle: string }[]
    }
    let answer: object = {}
    if (target === 'AmazonSQS.ReceiveMessage') {
      answer = { Messages: messages.slice(0, document.MaxNumberOfMessages) }
      messages = messages.slice(document.MaxNumberOfMessages)
      if ((answer as { Messages: unknown[] }).Messages.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    } else if (target === 'AmazonSQS.DeleteMessageBatch') {
      deleted.push(...(document.Entries ?? []).map(({ ReceiptHandle }) => ReceiptHandle))
    } else {
      response.statusCode = 400
    }
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/000000000000/orders-queue`, deleted }
}

test('messages of a queue server come in batches, and are deleted when the function has taken them', async (context) => {
  const { url, deleted } = await sqsServer(context, ['a', 'b', 'c'])
  const { logs } = await start(context, new SqsQueue(url, 'us-east-1'), 2)
  await eventually(() => deleted.length === 3, 'all are deleted')
  assert.deepEqual(deleted.sort(), ['handle-0', 'handle-1', 'handle-2'])
  await eventually(() => logs().match(/^REPORT/gm)?.length === 2, 'there were two batches')
})

test('a queue server that is not there is told of once, and asked again', async (context) => {
  const { notices } = await start(context, new SqsQueue('http://127.0.0.1:1/q', 'us-east-1'))
  await eventually(() => notices.length > 0, 'it is told')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(notices.filter((notice) => notice.includes('cannot go on')).length, 1)
})

test('of a batch, what the function names as failed comes again, and after three times is put aside', async (context) => {
  const folder = temporaryFolder(context)
  mkdirSync(folder, { recursive: true })
  for (const name of ['1', '2']) {
    writeFileSync(join(folder, `${name}.json`), name)
  }
  const queue = new FolderQueue(folder)
  const signal = new AbortController().signal
  const messages = await queue.receive(10, signal)
  assert.deepEqual(
    messages.map(({ body }) => body),
    ['1', '2'],
  )
  const [first, second] = messages
  assert.ok(first && second)
  await queue.delete([first])
  for (let count = 1; count < 3; count++) {
    await queue.release([second])
    let again = await queue.receive(10, signal)
    for (let wait = 0; wait < 5 && again.length === 0; wait++) {
      again = await queue.receive(10, signal)
    }
    assert.equal(again[0]?.attributes.ApproximateReceiveCount, String(count + 1))
  }
  await queue.release([second])
  assert.deepEqual(readdirSync(join(folder, 'failed')), ['2.json'])
  assert.deepEqual(files(folder), [])
})
