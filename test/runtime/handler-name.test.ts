import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportName } from '../../src/runtime/handler-name.ts'

test('a handler setting without a dot names no export', () => {
  assert.equal(exportName('orders'), undefined)
})

test('what stands behind the last dot is the export', () => {
  assert.equal(exportName('orders.create'), 'create')
})

test('a setting that ends in a dot, or starts with one, is malformed', () => {
  for (const setting of ['orders.', '.create', '.']) {
    assert.throws(() => exportName(setting), {
      name: 'Runtime.MalformedHandlerName',
      message: /<executable>/,
    })
  }
})
