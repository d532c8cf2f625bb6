/** A path that fits the pattern of an `import()` or a `require`, and is of no module, fails as in Node.js. */

import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const ENTRY = `
export const imported = (kind) => import(\`./kinds/\${kind}.mjs\`)
export const required = (kind) => require('./kinds/' + kind + '.cjs')
export const handler = async () => { throw new Error('here') }`

for (const [what, prelude] of [
  ['a script', ''],
  ['an async function', 'await 0'],
] as const) {
  for (const minify of [false, true]) {
    test(`in ${what}${minify ? ', minified' : ''}`, async (t) => {
      const folder = writeFiles(temporaryFolder(t), {
        'package.json': {},
        'entry.mjs': prelude + ENTRY,
        'kinds/a.mjs': 'export const name = "a"',
        'kinds/b.cjs': 'exports.name = "b"',
      })
      const bundle = await bundleFunction(join(folder, 'entry.mjs'), {
        minify,
        bundled: [],
        externals: [],
      })
      const { exports } = await loadBundle(bundle)
      const { imported, required, handler } = await exports
      assert.equal((await imported('a')).name, 'a')
      assert.equal(required('b').name, 'b')
      const message = (path: string) => `Module not found in bundle: ./kinds/${path}`
      // It does not throw: the promise is rejected.
      const pending = imported('c')
      await assert.rejects(pending, { code: 'ERR_MODULE_NOT_FOUND', message: message('c.mjs') })
      assert.throws(() => required('c'), { code: 'MODULE_NOT_FOUND', message: message('c.cjs') })

      const { stack } = await handler().catch((error: Error) => error)
      const [, line, column] = /function\.js:(\d+):(\d+)/.exec(stack) ?? []
      const map = new SourceMap(JSON.parse(bundle.entry.sourceMap.toString()))
      const origin = map.findEntry(Number(line) - 1, Number(column) - 1)
      assert.equal('originalLine' in origin && origin.originalLine, 3)
    })
  }
}

test('a require of a pattern finds what has no ending in its name, as Node.js and TypeScript do', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'entry.cts': "exports.handler = (kind: string) => require('./kinds/' + kind)",
    'kinds/a.js': 'module.exports = "a"',
    'kinds/b.ts': 'export = "b"',
    'kinds/c/index.js': 'module.exports = "c"',
    'kinds/d.json': '"d"',
  })
  const options = { minify: true, bundled: [], externals: [] }
  const { exports } = await loadBundle(await bundleFunction(join(folder, 'entry.cts'), options))
  const { handler } = await exports
  assert.deepEqual(['a', 'b', 'c', 'd', 'a.js'].map(handler), ['a', 'b', 'c', 'd', 'a'])
  assert.throws(() => handler('e'), { code: 'MODULE_NOT_FOUND' })
})
