/** What configurations and plugins write, and that they end the process, is not to be taken for what a command says of itself. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const FILES = { 'package.json': {}, 'src/orders.ts': 'export const handler = async () => 1' }

test('what a configuration and its plugins write to stdout is on stderr, and the result is all that is on stdout', {
  timeout: 120_000,
}, async (t) => {
  const cwd = temporaryFiles(t, {
    ...FILES,
    'lambdabin.config.ts': `console.log('as it is evaluated')
      const plugin = { name: 'chatty', setup(build) { console.info('in setup'); build.onEnd(() => { process.stdout.write('at the end\\n') }) } }
      export default () => { console.table([1]); return { functions: 'src/*.ts', only: 'folder', esbuild: { plugins: [plugin] } } }`,
  })
  const built = await runLambdabin(['build', '--json'], { cwd })
  assert.equal(JSON.parse(built.stdout).functions[0].name, 'orders', built.stderr)
  for (const said of ['as it is evaluated', 'in setup', 'at the end', '┌']) {
    assert.ok(built.stderr.includes(said), said)
  }
  const invoked = await runLambdabin(['invoke', 'orders'], { cwd })
  assert.deepEqual([invoked.status, invoked.stdout], [0, '1'])
  assert.match(invoked.stderr, /as it is evaluated/)
  const inspected = await runLambdabin(['inspect', 'orders', '--json'], { cwd })
  assert.ok(JSON.parse(inspected.stdout).parts)
})

const REMEDY = 'throw an Error in the place of that, or leave it out'

for (const [what, text, message] of [
  [
    'a configuration',
    'process.exit(0)',
    'lambdabin.config.ts:1:9: the configuration cannot be evaluated: it ends',
  ],
  [
    'one that is a function, in what it waits for',
    'const stop = async () => {\n  await 1\n  process.exit() }\nexport default stop',
    'lambdabin.config.ts:3:11: the configuration cannot be evaluated: it ends',
  ],
  [
    'a plugin, in its setup',
    'const setup = () => {\n  process.exit(0) }\nexport default { functions: "src/*.ts", esbuild: { plugins: [{ name: "x", setup }] } }',
    'lambdabin.config.ts:2:11: the configuration cannot be evaluated: it ends',
  ],
  [
    'a plugin of a package',
    'import plugin from "ending"\nexport default { functions: "src/*.ts", esbuild: { plugins: [plugin] } }',
    'expected the command to come to its end, but a plugin, or what else the configuration brings, has ended',
  ],
] as const) {
  test(`process.exit does not make a command that is not done one that succeeds: ${what}`, async (t) => {
    const cwd = temporaryFiles(t, {
      ...FILES,
      'lambdabin.config.ts': text,
      'node_modules/ending/package.json': { type: 'module', exports: './index.js' },
      'node_modules/ending/index.js': 'export default { name: "x", setup: () => process.exit(0) }',
    })
    const { status, stdout, stderr } = await runLambdabin(['build', '--json'], { cwd })
    assert.equal(stderr, `lambdabin: ${message} the process, with process.exit; ${REMEDY}\n`)
    assert.deepEqual([status, stdout], [2, ''])
  })
}

test('neither does it of invoke and serve', async (t) => {
  const cwd = temporaryFiles(t, { ...FILES, 'lambdabin.config.mjs': 'process.exit(0)' })
  for (const words of [
    ['invoke', 'orders'],
    ['serve', 'orders', '--port', '0'],
  ]) {
    const { status, stderr } = await runLambdabin(words, { cwd })
    assert.match(stderr, /the configuration cannot be evaluated: it ends the process/)
    assert.equal(status, 2, words[0])
  }
})

test('output that is not taken is told in a sentence', (t) => {
  const cwd = realpathSync(temporaryFiles(t, FILES))
  for (const words of ['--help', '--version', 'build --help', 'invoke --print-event --sample sqs']) {
    const { status, stderr } = spawnSync(
      '/bin/sh',
      ['-c', `exec "$0" "$1" ${words} > /dev/full`, process.execPath, CLI],
      { cwd, encoding: 'utf8' },
    )
    assert.equal(
      stderr,
      'lambdabin: expected to write to stdout, but it does not take what is written (ENOSPC); see where it leads, and whether there is room\n',
    )
    assert.equal(status, 1, words)
  }
})
