import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { rehearse } from '../../../src/runtime/prime/rehearsal.ts'

test('a call that takes too long is the last one: no other is made among invocations', async () => {
  const called: unknown[] = []
  let finish = () => {}
  const options = {
    settings: { events: [1, 2], stubs: [] },
    isRehearsing: () => false,
    call: (event: unknown) => {
      called.push(event)
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    },
  }
  await assert.rejects(rehearse(options), /it took over 2 s/)
  finish()
  await delay(0)
  assert.deepEqual(called, [1])
})
