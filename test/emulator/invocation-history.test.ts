import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { InvocationHistory } from '../../src/emulator/invocation-history.ts'
import type { Invocation } from '../../src/runtime-api/invocation.ts'

function begin(history: InvocationHistory, event: string) {
  const requestId = randomUUID()
  const invocation = { requestId, event: Buffer.from(event) } as unknown as Invocation
  return { requestId, entry: history.begin('orders', '$LATEST', invocation, 'api') }
}

test('the latest five hundred are kept', () => {
  const history = new InvocationHistory()
  const ids = Array.from({ length: 510 }, (_, index) => begin(history, String(index)).requestId)
  assert.equal(history.entries.length, 500)
  assert.equal(history.entries[0]?.requestId, ids.at(-1))
  assert.equal(history.find(ids[0] as string), undefined)
})

test('of large ones there are fewer: 32 million characters together, whatever is added to them later', () => {
  const history = new InvocationHistory()
  const large = 'x'.repeat(256 * 1024)
  const begun = Array.from({ length: 300 }, () => begin(history, JSON.stringify(large)))
  assert.equal(history.entries.length, 122)
  for (const { entry } of begun) {
    entry.failedToBuild({ errorType: 'Error', body: Buffer.from(large) } as never)
  }
  assert.equal(history.entries.length, 61)
  assert.equal(history.entries[0]?.requestId, begun.at(-1)?.requestId)
})

test('what is forgotten is not told of any more, however it goes on', () => {
  const history = new InvocationHistory()
  const { requestId, entry } = begin(history, '{}')
  for (let count = 0; count < 500; count++) {
    begin(history, '{}')
  }
  const told: string[] = []
  history.on('change', (changed) => told.push(changed.requestId))
  entry.refused(new Error('too late'))
  assert.equal(history.find(requestId), undefined)
  assert.deepEqual(told, [])
})
