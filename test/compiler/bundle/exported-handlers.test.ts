import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { handlerExports } from '../../../src/compiler/bundle/exported-handlers.ts'
import { handlerSettings } from '../../../src/compiler/handler-settings.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

const SOURCE = `
  import { wrap, wrap as d } from './wrap'
  export async function create(event: unknown) { return event }
  export const cancel = async () => 1, refund = wrap(() => 2)
  export const app = { fetch: () => new Response('') }
  export const VERSION = '1', LIMIT = 10, PLACES = ['a'], NAME = \`a\${LIMIT}\`, NEGATIVE = -1
  export const map = { a: 1, 'b-c': () => 2, d }, spread = { ...map }, given = { a: 1 }
  given.fetch = () => new Response('')
  export class OrderError extends Error {}
  export { shared as forwarded } from './wrap'
  export default () => 3
`

for (const minify of [true, false]) {
  test(`what can be a handler is told from texts, numbers, lists, classes and objects, ${minify ? 'minified' : 'readable'}`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), {
      'package.json': {},
      'orders.ts': SOURCE,
      'wrap.ts': 'export const wrap = (it: unknown) => it\nexport const shared = 5\n',
    })
    const { exports, handlers } = await bundleFunction(join(folder, 'orders.ts'), {
      minify,
      externals: [],
      bundled: [],
    })
    assert.equal(exports?.length, 15)
    assert.deepEqual([...(handlers ?? [])].sort(), [
      ...['app', 'cancel', 'create', 'default', 'given', 'refund', 'spread'],
    ])
  })
}

test('of what cannot be read, all are taken for handlers', () => {
  assert.deepEqual(handlerExports('export {', ['a', 'b']), ['a', 'b'])
  assert.deepEqual(handlerExports('const x = 1; export { x as handler }', ['handler']), ['handler'])
})

test('the plain name means handler, or the default export', () => {
  assert.deepEqual(handlerSettings('orders', ['create', 'handler']), ['orders', 'orders.create'])
  assert.deepEqual(handlerSettings('orders', ['default', 'handler']), ['orders'])
  assert.deepEqual(handlerSettings('orders', ['create', 'cancel']), ['orders.create', 'orders.cancel'])
})
