import assert from 'node:assert/strict'
import { test } from 'node:test'
import { budgetOption } from '../../src/configuration/budget-option.ts'
import { OptionError } from '../../src/configuration/option.ts'

const option = budgetOption('')
const read = (...words: string[]) => option.read(option.written?.(words), '/')

test('limits are read with their units, on the command line and in a configuration', () => {
  assert.deepEqual(read('zip=40MB,init=200ms'), { zip: 40e6, init: 200 })
  assert.deepEqual(read('zip=36.5MB', 'init=0.2s', 'text=1MiB', 'unpacked=250000000'), {
    ...{ zip: 36.5e6, init: 200, text: 1024 ** 2, unpacked: 250e6 },
  })
  assert.deepEqual(option.read({ zip: '40 MB', init: 200 }, '/'), { zip: 40e6, init: 200 })
})

for (const [written, message] of [
  [{ zip: '40ms' }, /expects a size, as in zip=40MB, and got zip=40ms/],
  [{ init: '200MB' }, /expects a time, as in init=200ms/],
  [{ zip: '' }, /expects a size/],
  [{ zip: '-1MB' }, /expects a size/],
  [{ zpi: '40MB' }, /has no limit zpi; there are zip, unpacked, text, init/],
  [{ __proto__x: 1 }, /has no limit/],
  ['zip', /expects limits, as zip=40MB,init=200ms, and got zip/],
  [null, /expects limits/],
  [[1], /expects limits/],
] as const) {
  test(`what is no budget is refused: ${JSON.stringify(written)}`, () => {
    assert.throws(
      () => option.read(written, '/'),
      (error: OptionError) => error instanceof OptionError && message.test(error.about('--budget')),
    )
  })
}
