import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { describeErrorDocument, explainInitFailure } from '../../../src/compiler/executable/init-failure.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

function describe(errorMessage: string): string {
  return describeErrorDocument(Buffer.from(JSON.stringify({ errorType: 'ZodError', errorMessage })))
}

test('an error is told by the first line of its message, or by all of them where the first has no word, as of JSON', () => {
  assert.equal(describe('no TABLE\n  at the start'), 'ZodError: no TABLE')
  const issues = JSON.stringify([{ code: 'invalid_value', message: 'no stage' }], null, 2)
  assert.equal(describe(issues), 'ZodError: [ { "code": "invalid_value", "message": "no stage" } ]')
  assert.equal(describe(`[\n${'x'.repeat(300)}`), `ZodError: [ ${'x'.repeat(198)}…`)
})

test('a file that the function reads, and that is not there, is named for --include', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'app/data/a.txt': 'a',
    'app/orders.ts': `
      import { readFileSync } from 'node:fs'
      import { join } from 'node:path'
      const text = readFileSync(join(import.meta.dirname, 'data/a.txt'), 'utf8')
      export const handler = () => text`,
  })
  const bundle = await bundleFunction(join(folder, 'app/orders.ts'), {
    ...{ minify: true, externals: [], bundled: [] },
  })
  const explain = (path: string, root?: string) => {
    const errorMessage = `ENOENT: no such file or directory, open '${path}'`
    return explainInitFailure({ kind: 'error', errorType: 'Error', errorMessage, trace: [] }, bundle, root)
  }
  assert.match(explain('/var/task/app/data/a.txt'), /; ship it with --include app\/data\/a\.txt$/)
  assert.match(explain('/var/task/data/a.txt', join(folder, 'app')), /; ship it with --include data\/a\.txt$/)
  assert.match(explain('/var/task/elsewhere.txt'), /: ship what is read with --include, or the package/)
})

test('a variable that the message names is told, and else those that the function itself looked for last', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': 'export const handler = () => process.env.TABLE',
  })
  const bundle = await bundleFunction(join(folder, 'orders.ts'), { minify: true, externals: [], bundled: [] })
  const explain = (errorMessage: string, found: Readonly<Record<string, string>>) => {
    const lacking = Object.entries(found).map(([name, frame]) => ({ name, trace: [`    at ${frame}`] }))
    return explainInitFailure({ kind: 'error', errorType: 'Error', errorMessage, trace: [], lacking }, bundle)
  }
  const [own, other] = ['read (/p/orders.ts:1:30)', 'debug (/p/node_modules/debug/node.js:1:1)']
  const found = { ONE: own, TWO: own, THREE: own, FOUR: own, DEBUG: other }
  assert.match(explain('not set up', found), /; if it is for want of TWO, THREE, and FOUR in the environment/)
  assert.match(
    explain('env-var: "DEBUG" is required', found),
    /; if it is for want of DEBUG in .*--env DEBUG=…/,
  )
  assert.match(explain('no network', { DEBUG: other }), /; if it needs what a build has not/)
})
