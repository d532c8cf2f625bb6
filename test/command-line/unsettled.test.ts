/** Configurations that never come to an end, or leave something open that does not. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { build } from '../../src/api.ts'
import { commonOptions } from '../../src/compiler/bundle/author-options.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const FILES = { 'package.json': {}, 'src/orders.ts': 'export const handler = async () => 1' }

for (const [what, text] of [
  ['a promise', 'export default new Promise(() => {})'],
  ['a function’s', 'export default async () => { await new Promise(() => {}) }'],
  ['one at its top level', 'await new Promise(() => {})\nexport default { functions: "src/*.ts" }'],
] as const) {
  test(`a configuration that nothing will settle is a mistake in use that is told: ${what}`, async (t) => {
    const cwd = temporaryFiles(t, { ...FILES, 'lambdabin.config.ts': text })
    const { status, stdout, stderr } = await runLambdabin(['build', '--json'], { cwd })
    assert.equal(
      stderr,
      'lambdabin: lambdabin.config.ts: the configuration cannot be evaluated: it waits for a promise that nothing is left to settle; look for one that is neither resolved nor rejected\n',
    )
    assert.deepEqual([status, stdout], [2, ''])
    assert.equal(existsSync(join(cwd, 'dist')), false)
  })
}

test('one that is settled late is waited for', async (t) => {
  const text =
    'import { setTimeout } from "node:timers/promises"\nexport default setTimeout(300, { functions: "gone/*.ts" })'
  const cwd = temporaryFiles(t, { ...FILES, 'lambdabin.config.ts': text })
  const { status, stderr } = await runLambdabin(['build'], { cwd })
  assert.match(stderr, /functions is the pattern gone/)
  assert.equal(status, 2)
})

test('a program that gives such a configuration is told, too', async (t) => {
  const api = new URL('../../src/api.ts', import.meta.url).href
  const cwd = temporaryFiles(t, {
    ...FILES,
    'program.mts': `
      import { build } from ${JSON.stringify(api)}
      const { error } = await build({ config: () => new Promise(() => {}) })
      process.stdout.write(JSON.stringify([error?.code, error?.message]))`,
  })
  const printed = execFileSync(process.execPath, ['program.mts'], { cwd, encoding: 'utf8' })
  const [code, message] = JSON.parse(printed)
  assert.equal(code, 'USAGE')
  assert.match(message, /^the configuration cannot be evaluated: it waits for a promise/)
})

test('a plugin whose setup never ends fails the build, after a minute', async (t) => {
  const plugin = { name: 'slow', setup: () => new Promise<void>(() => {}) }
  const { plugins = [] } = commonOptions({ minify: false, author: { plugins: [plugin] }, plugins: [] })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const done = plugins.find(({ name }) => name === 'slow')?.setup({} as never)
  t.mock.timers.tick(60_000)
  await assert.rejects(Promise.resolve(done), /^AuthorOptionsError: the setup of the plugin slow is not done/)
  t.mock.timers.reset()

  const cwd = temporaryFiles(t, FILES)
  const quick = { name: 'quick', setup: async () => {} }
  const result = await build({
    cwd,
    functions: ['src/orders.ts'],
    only: 'folder',
    esbuild: { plugins: [quick] },
  })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
})

const OPEN = 'setInterval(() => {}, 1000)\n'

test('a command whose configuration leaves something open ends with its status once it is done, and all that it says', {
  timeout: 60_000,
}, async (t) => {
  const config = (text: string) => `${OPEN}export default ${text}`
  const cwd = temporaryFiles(t, { ...FILES, 'lambdabin.config.ts': config('{ functions: "src/*.ts" }') })
  const { status, stdout, stderr } = await runLambdabin(['build', '--only', 'folder', '--json'], { cwd })
  assert.equal(status, 0, stderr)
  assert.equal(JSON.parse(stdout).functions[0].name, 'orders')
  assert.match(stderr, /package +dist\/orders/)
  const invoked = await runLambdabin(['invoke', 'orders', '--timeout', '30'], { cwd })
  assert.deepEqual([invoked.status, invoked.stdout], [0, '1'])

  const wrong = temporaryFiles(t, { ...FILES, 'lambdabin.config.ts': config('{ function: "src/*.ts" }') })
  const refused = await runLambdabin(['build'], { cwd: wrong })
  assert.match(
    refused.stderr,
    /^lambdabin: lambdabin\.config\.ts:2: the configuration has no option function/,
  )
  assert.equal(refused.status, 2)
})
