/** `lambdabin build` in a project with a configuration. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

function project(t: TestContext): string {
  return writeFiles(temporaryFolder(t), {
    'package.json': {},
    'lambdabin.config.ts': `
      import { defineConfig } from 'lambdabin/config'
      export default defineConfig({
        functions: {
          users: 'src/users/index.ts',
          orders: { entry: 'src/orders/index.ts', event: ['events/order.json'], include: ['data'] },
        },
        esbuild: { define: { 'process.env.STAGE': '"prod"', REGION: '"eu"' }, plugins: [] },
      })`,
    'events/order.json': { quantity: 3 },
    'data/a.txt': 'included',
    'src/users/index.ts': 'export const handler = async () => process.env.STAGE',
    'src/orders/index.ts': `
      import { readFileSync } from 'node:fs'
      import query from './query.sql'
      declare const REGION: string
      export const handler = async () => [process.env.STAGE, REGION, query, readFileSync('data/a.txt', 'utf8')]`,
    'src/orders/query.sql': 'select 1',
  })
}

test('build builds all that the configuration has, from any folder of the project, and the command line wins', async (t) => {
  const folder = project(t)
  const args = ['build', '--define', `process.env.STAGE="test"`, '--json']
  const built = await runLambdabin(args, { cwd: join(folder, 'src/orders') })
  assert.equal(built.status, 0, built.stderr)
  const { functions } = JSON.parse(built.stdout)
  assert.deepEqual(
    functions.map(({ name, zip }: { name: string; zip: string }) => [name, zip]),
    ['orders', 'users'].map((name) => [name, join(folder, `dist/${name}.zip`)]),
  )
  const invoked = await runLambdabin(['invoke', 'dist/orders.zip', '--timeout', '30'], { cwd: folder })
  assert.deepEqual(JSON.parse(invoked.stdout), ['test', 'eu', 'select 1', 'included'])
})

test('a build runs a function with the variables that are given for where it is run, and names those that it looks for in vain', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'lambdabin.config.json': { functions: { orders: 'orders.ts' }, notices: false },
    'orders.ts': `
      const { LOG_LEVEL = 'info', TABLE, QUEUE } = process.env
      if (!TABLE || !QUEUE) {
        throw new Error('this is not set up')
      }
      export const handler = async () => [LOG_LEVEL, TABLE, QUEUE, process.env.AWS_SECRET_ACCESS_KEY]`,
    'local.env': 'TABLE=orders-local\nQUEUE=queue-local\nAWS_SECRET_ACCESS_KEY=mine\n',
  })
  const build = async (...args: string[]) => {
    const built = await runLambdabin(['build', '--json', ...args], { cwd: folder })
    assert.equal(built.status, 0, built.stderr)
    return JSON.parse(built.stdout).functions[0]
  }
  assert.match(
    (await build()).warnings.join(),
    /; if it is for want of LOG_LEVEL, TABLE, and QUEUE in the environment, give the build some value with --env LOG_LEVEL=… or env in the configuration, and take no notice if Lambda has one/,
  )
  // Strictly: the error is thrown where it does not initialise.
  const given = ['--strict', '--env', 'TABLE=orders-test', '--env-file', 'local.env']
  const built = await build(...given)
  assert.deepEqual([built.warnings, built.notes, built.unchanged], [[], [], false])
  assert.equal((await build(...given)).unchanged, true)
  writeFiles(folder, {
    'lambdabin.config.json': { functions: { orders: 'orders.ts' }, notices: false, envFile: 'local.env' },
  })
  assert.deepEqual((await build('--strict')).warnings, [])
  const invoked = await runLambdabin(['invoke', 'orders', '--timeout', '30'], { cwd: folder })
  assert.deepEqual(JSON.parse(invoked.stdout), ['info', 'orders-local', 'queue-local', 'mine'])
})

test('a file of variables that the configuration names may be missing where it is built, and not where it is run', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'lambdabin.config.json': { functions: { orders: 'orders.ts' }, notices: false, envFile: '.env.local' },
    'orders.ts': 'export const handler = async () => process.env.TABLE',
  })
  const built = await runLambdabin(['build', '--strict'], { cwd: folder })
  assert.equal(built.status, 0, built.stderr)
  const { status, stderr } = await runLambdabin(['invoke', 'orders'], { cwd: folder })
  assert.equal(status, 2)
  assert.match(stderr, /cannot read \.env\.local/)
})

for (const [args, message] of [
  [['ordrs'], /lambdabin\.config\.ts has no function ordrs; did you mean orders\?$/],
  [['--config', 'gone.ts'], /expected a configuration, and gone\.ts cannot be read; check the path$/],
  [['orders', 'users', '--name', 'x'], /--name names one function/],
  [
    ['--define', 'STAGE'],
    /--define expects names, and a JavaScript expression for each, as NAME=EXPRESSION, and got STAGE$/,
  ],
  [['--jsx', 'preserve'], /--jsx expects transform or automatic, and got preserve$/],
  [['--minfy-identifiers'], /build has no option --minfy-identifiers; did you mean --minify-identifiers\?$/],
] as const) {
  test(`wrong usage ends with status 2 and one sentence: build ${args.join(' ')}`, async (t) => {
    const folder = project(t)
    const { status, stderr } = await runLambdabin(['build', ...args], { cwd: folder })
    assert.equal(status, 2, stderr)
    assert.match(stderr.trimEnd(), message)
    assert.match(stderr, /^lambdabin: [^\n]+\n$/)
    assert.equal(existsSync(join(folder, 'dist')), false)
  })
}
