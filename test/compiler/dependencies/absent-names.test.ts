/** What an ES module asks for and has not, in a bundle as on Node.js. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOwnModule } from '../../support/projects/own-module-run.ts'

const ASKS = `
  export function go() { return 'gone' }
  if (typeof module !== 'undefined' && typeof exports !== 'undefined') { module.exports = exports = { handler: () => 'taken' } }`

test('a package’s ES module that asks for module and exports finds none, and the function’s exports stay', async (t) => {
  const { result } = await runOwnModule(t, {
    'src/orders.ts': "import { go } from 'both'\nexport const handler = () => go()",
    'node_modules/both/package.json': { name: 'both', type: 'module', exports: './index.js' },
    'node_modules/both/index.js': ASKS,
  })
  assert.equal(result, 'gone')
})

test('so does an author’s module, in TypeScript, too', async (t) => {
  const { result } = await runOwnModule(t, {
    'src/orders.ts':
      "import { go } from './both.ts'\nimport { kind } from './own.mts'\nexport const handler = () => [go(), kind]",
    'src/both.ts': `${ASKS.replaceAll('module.exports', '(module as any).exports')}\nexport type Kind = string`,
    'src/own.mts': "const module = 'a module of its own'\nexport const kind: string = typeof module",
  })
  assert.deepEqual(result, ['gone', 'string'])
})

test('a CommonJS module has its own', async (t) => {
  const { result } = await runOwnModule(t, {
    'src/orders.ts': "import { go } from 'both'\nexport const handler = () => go()",
    'node_modules/both/package.json': { name: 'both' },
    'node_modules/both/index.js':
      "(function (root, make) { if (typeof exports === 'object' && typeof module !== 'undefined') module.exports = make(); else root.both = make() })(this, () => ({ go: () => 'CommonJS' }))",
  })
  assert.equal(result, 'CommonJS')
})
