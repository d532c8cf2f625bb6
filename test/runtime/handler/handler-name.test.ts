import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exportPath } from '../../../src/runtime/handler/handler-name.ts'

test('a handler setting that is the executable names no export', () => {
  assert.deepEqual(exportPath('orders', 'orders'), [])
  assert.deepEqual(exportPath('orders', undefined), [])
  assert.deepEqual(exportPath('v1.2/orders', 'orders'), [])
  assert.deepEqual(exportPath('orders.v2', 'orders.v2'), [])
})

test('what stands behind the executable and a dot is the export, however deep', () => {
  assert.deepEqual(exportPath('orders.create', 'orders'), ['create'])
  assert.deepEqual(exportPath('orders.api.create', 'orders'), ['api', 'create'])
  assert.deepEqual(exportPath('orders.v2.api.create', 'orders.v2'), ['api', 'create'])
})

test('where the executable has another name, the last one is the export', () => {
  assert.deepEqual(exportPath('orders.create', undefined), ['create'])
  assert.deepEqual(exportPath('orders.api.create', 'renamed'), ['create'])
})

test('a setting with nothing beside one of its dots is malformed', () => {
  for (const setting of ['orders.', '.create', '.', 'orders..create']) {
    assert.throws(() => exportPath(setting, 'orders'), {
      name: 'Runtime.MalformedHandlerName',
      message: /<executable>/,
    })
  }
})
