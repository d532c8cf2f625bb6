import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeErrorDocument } from '../../../src/compiler/executable/init-failure.ts'

function describe(errorMessage: string): string {
  return describeErrorDocument(Buffer.from(JSON.stringify({ errorType: 'ZodError', errorMessage })))
}

test('an error is told by the first line of its message, or by all of them where the first has no word, as of JSON', () => {
  assert.equal(describe('no TABLE\n  at the start'), 'ZodError: no TABLE')
  const issues = JSON.stringify([{ code: 'invalid_value', message: 'no stage' }], null, 2)
  assert.equal(describe(issues), 'ZodError: [ { "code": "invalid_value", "message": "no stage" } ]')
  assert.equal(describe(`[\n${'x'.repeat(300)}`), `ZodError: [ ${'x'.repeat(198)}…`)
})
