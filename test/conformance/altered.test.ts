/** Functions that change what the runtime itself stands on: the next invocation comes, and is answered. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGoesOn, invoke, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'

// AWS's client stands on them, too.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

useFixtures('altered')

/** Without these Node.js itself does not get from one callback to the next. */
const OF_NODE = ['Array.prototype.pop', 'Uint8Array.prototype.length']

for (const holder of [
  ...[
    'globalThis',
    'process',
    'console',
    'JSON',
    'Reflect',
    'Promise',
    'Buffer',
    'Object',
    'Date',
    'Error',
    'Symbol',
  ],
  ...['Number', 'Math', 'Array.prototype', 'Promise.prototype', 'Buffer.prototype'],
  ...[
    'EventEmitter.prototype',
    'Uint8Array.prototype',
    'Object.prototype',
    'Function.prototype',
    'String.prototype',
  ],
  ...[
    'RegExp.prototype',
    'Map.prototype',
    'Set.prototype',
    'WeakMap.prototype',
    'Date.prototype',
    'Error.prototype',
  ],
]) {
  test(`a method of ${holder}, each in turn, is broken`, { skip }, async () => {
    const lambda = startFixture('altered', 'altered.methods')
    const names = (await invoke({ holder })).json<string[]>()
    await lambda.stop()
    assert.ok(names.length > 0)
    startFixture('altered')
    for (const [number, name] of names.entries()) {
      if (!OF_NODE.includes(`${holder}.${name}`)) {
        const answer = await invoke({ holder, name, number })
        assert.equal(answer.json(), number, `once ${holder}.${name} is broken`)
        await assertGoesOn()
      }
    }
  })
}

for (const alteration of [
  'freezes process',
  'freezes the environment',
  'replaces the environment',
  'takes the environment away',
  'fakes time',
  'brings another Promise',
  'mocks process.exit, and removes what listens to the process',
  'takes console and the standard streams away',
  'adds to all objects',
  'changes how errors are made',
  'freezes all that JavaScript brings',
  'deletes process from the globals',
  'deletes Buffer from the globals',
]) {
  test(`a module ${alteration}`, { skip }, async () => {
    startFixture('altered', 'altered.altered', { ALTERS: alteration })
    for (const number of [1, 2, 3]) {
      assert.equal((await invoke({ number })).json(), number)
      const failed = await invoke({ fails: true })
      assert.deepEqual(
        [failed.kind, failed.json<{ errorMessage: string }>().errorMessage],
        ['error', 'as asked'],
      )
    }
    await assertGoesOn()
  })
}
