import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partChanges, partSizes } from '../../../src/inspect/compare/part-sizes.ts'
import { partTree } from '../../../src/inspect/package/part-tree.ts'

const size = (path: string[], zippedBytes: number) => ({ path, bytes: 2 * zippedBytes, zippedBytes })

test('parts are told to the depth of packages, and their sizes are the whole', () => {
  const sizes = partSizes(
    partTree('x', [
      size(['function', 'text', 'zod', 'a.js'], 3),
      size(['function', 'text', 'zod', 'b.js'], 4),
      size(['bootstrap'], 5),
    ]),
  )
  assert.deepEqual(sizes, { bootstrap: 5, 'function / text / zod': 7 })
})

test('changes are told with what came and what went, the largest first', () => {
  assert.deepEqual(partChanges({ a: 1, b: 2, gone: 30 }, { a: 1, b: 12, fresh: 7 }), [
    { part: 'gone', before: 30, now: 0 },
    { part: 'b', before: 2, now: 12 },
    { part: 'fresh', before: 0, now: 7 },
  ])
})
