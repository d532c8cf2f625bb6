/** What works here works on Lambda: functions in a project whose packages are all around them. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runInvoke } from '../support/emulator/invoke-process.ts'
import { startServe } from '../support/emulator/serve-process.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'

const SOURCE = `
import { createRequire } from 'node:module'
const said = (error: any) => error.code
const attempt = (load: () => unknown) => { try { load(); return 'found' } catch (error) { return said(error) } }
const name = ['in', 'project'].join('-')
export const handler = async () => ({
  require: attempt(() => require(name)),
  import: await import(name).then(() => 'found', said),
  createRequire: attempt(() => createRequire(import.meta.url)(name)),
  fromCwd: attempt(() => createRequire(process.cwd() + '/x.js')(name)),
  shipped: attempt(() => require('shipped')),
})
`

const NOT_FOUND = {
  require: 'MODULE_NOT_FOUND',
  import: 'ERR_MODULE_NOT_FOUND',
  createRequire: 'MODULE_NOT_FOUND',
  fromCwd: 'MODULE_NOT_FOUND',
  // A package that is shipped, and requires one that is not.
  shipped: 'MODULE_NOT_FOUND',
}

let project: string

before(async () => {
  project = writeFiles(mkdtempSync(join(tmpdir(), 'lambdabin-test-')), {
    'package.json': { name: 'project', dependencies: { shipped: '1', 'in-project': '1' } },
    'node_modules/in-project/package.json': { name: 'in-project', version: '1.0.0' },
    'node_modules/in-project/index.js': 'module.exports = 1',
    'node_modules/shipped/package.json': { name: 'shipped', version: '1.0.0' },
    'node_modules/shipped/index.js': 'module.exports = require("in-project")',
    'orders.ts': SOURCE,
  })
  const { status, stderr } = await runLambdabin(['build', 'orders.ts', '--external', 'shipped'], {
    cwd: project,
  })
  assert.equal(status, 0, stderr)
})

after(() => rmSync(project, { recursive: true, force: true }))

for (const sandbox of ['', 'modules']) {
  const how = sandbox === '' ? 'as the system allows' : 'without namespaces'
  for (const path of ['dist/orders', 'dist/orders.zip']) {
    test(`invoke ${path} finds nothing of the project, ${how}`, async () => {
      const environment = { LAMBDABIN_SANDBOX: sandbox }
      const { stdout, stderr } = await runInvoke([join(project, path), '--timeout', '60'], { environment })
      assert.ok(stdout.length > 0, stderr)
      assert.deepEqual(JSON.parse(stdout.toString()), NOT_FOUND)
    })
  }

  for (const [what, args] of [
    ['a zip', ['dist/orders.zip']],
    ['--watch', ['--watch', 'orders.ts']],
    ['--inspect', ['--watch', 'orders.ts', '--inspect', '--inspect-port', sandbox === '' ? '9331' : '9332']],
  ] as const) {
    test(`serve with ${what} finds nothing of the project, ${how}`, async (context) => {
      // Its state is in the project, too.
      const serve = await startServe(context, project, [...args, '--timeout', '60'], {
        LAMBDABIN_SANDBOX: sandbox,
      })
      const found = (await (await serve.invoke('orders', {})).json()) as Record<string, string>
      // What is watched has all that it names bundled.
      const expected = what === 'a zip' ? NOT_FOUND : { ...NOT_FOUND, shipped: 'found' }
      assert.deepEqual(found, expected)
    })
  }
}
