import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FunctionNameError, functionName } from '../../src/compiler/function-name.ts'

for (const [entry, given, expected] of [
  ['src/orders.ts', undefined, 'orders'],
  ['orders.mjs', undefined, 'orders'],
  ['/a.b/order_items-2.cts', undefined, 'order_items-2'],
  ['src/index.ts', 'orders', 'orders'],
  ['src/orders/index.ts', undefined, 'orders'],
  ['packages/orders/src/index.mts', undefined, 'orders'],
  ['/a.b/orders/index.js', undefined, 'orders'],
  ['index.ts', undefined, 'index'],
  ['src/index.ts', undefined, 'index'],
  ['order.items/index.ts', undefined, 'index'],
  ['src/orders.create.ts', 'orders', 'orders'],
] as const) {
  test(`${entry}${given ? ` with --name ${given}` : ''} is the function ${expected}`, () => {
    assert.equal(functionName(entry, { given }), expected)
  })
}

for (const [entry, given, message] of [
  [
    'orders.create.ts',
    undefined,
    /"orders\.create" has a dot, after which a handler setting names an export; give another with --name/,
  ],
  ['bootstrap.ts', undefined, /"bootstrap" is the file that starts it/],
  ['THIRD-PARTY-NOTICES.ts', undefined, /"THIRD-PARTY-NOTICES" is the file of its licences/],
  ['a.ts', 'node_modules', /"node_modules" is the folder of its packages/],
  ['a.ts', 'x/y', /"x\/y" has characters other than/],
  ['a.ts', '..', /has a dot/],
  ['a.ts', '', /"" is empty/],
  ['a.ts', 'x y', /has characters other than/],
  ['a.ts', '-x', /starts with -/],
  ['a.ts', 'x'.repeat(65), /longer than the 64 characters/],
  ['orders.py', undefined, /an entry is a TypeScript or JavaScript file .* and orders\.py is not/],
  ['orders', 'orders', /an entry is a TypeScript or JavaScript file/],
] as const) {
  test(`${entry} with ${given === undefined ? 'no name' : JSON.stringify(given.slice(0, 20))} is refused: ${message.source.slice(0, 40)}`, () => {
    assert.throws(
      () => functionName(entry, { given }),
      (error: unknown) => error instanceof FunctionNameError && message.test(error.message),
    )
  })
}
