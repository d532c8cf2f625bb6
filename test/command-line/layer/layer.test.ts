/** A runtime layer, and functions that run with it: one layer is built, and functions that take a second each. */

import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build, buildLayer, createLocalLambda, invoke } from '../../../src/api.ts'
import { FORMAT_VERSION } from '../../../src/executable/format.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const here = process.arch === 'arm64' ? 'arm64' : 'x64'
const SDK = fileURLToPath(new URL('../../../scripts/bench/functions/sdk.ts', import.meta.url))
const ECHO = fileURLToPath(new URL('../../../src/functions/echo.ts', import.meta.url))

let project: string
before(async (t) => {
  project = writeFiles(temporaryFolder(t as never), {
    'package.json': {},
    'src/orders.ts': `
      import { readFileSync } from 'node:fs'
      import { join } from 'node:path'
      import { add } from 'adder'
      class OrderRefused extends Error { override name = 'OrderRefused' }
      export const handler = async (event: { refuse?: boolean; items: number[] }) => {
        if (event.refuse) throw new OrderRefused('no')
        const { fee } = JSON.parse(readFileSync(join(process.env.LAMBDA_TASK_ROOT ?? '', 'data/rates.json'), 'utf8'))
        return add(event.items.length, fee)
      }
      export const late = async () => (await import('./late.ts')).late`,
    'src/late.ts': 'export const late = "loaded late"',
    'src/users.ts': `
      import { execFileSync } from 'node:child_process'
      export const handler = async () => ({ users: process.version })
      const named = (names: string[]) => names.filter((name) => name.startsWith('LAMBDABIN_') && name !== 'LAMBDABIN_CHILD')
      export const variables = async () =>
        named([...Object.keys(process.env), ...execFileSync('env', { encoding: 'utf8' }).split(/=.*\\n/)])`,
    'src/failing.ts': 'throw new TypeError("not today")',
    'data/rates.json': '{"fee": 5}',
    'event.json': '{"items":[1]}',
    'node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
    'node_modules/adder/index.js': 'exports.add = (a, b) => a + b',
  })
  const layer = await buildLayer({ cwd: project, arch: here })
  assert.ok(layer.ok, layer.ok ? '' : layer.error.message)
  assert.deepEqual(layer.layer.notes, [])
  const functions = await build({
    ...{ cwd: project, arch: here, forLayer: true },
    functions: ['src/orders.ts', 'src/users.ts'],
    ...{ external: ['adder'], include: ['data'], event: ['event.json'] },
  })
  assert.ok(functions.ok, functions.ok ? '' : functions.error.message)
})

const file = (path: string) => join(project, path)

async function answer(name: string, event: unknown = {}, handler?: string) {
  return invoke({
    ...{ package: file(`dist/${name}.zip`), event, handler, cwd: project },
    ...{ layer: [file('dist/layer.zip')], timeout: 30 },
  })
}

test('the layer is bootstrap and an executable, for /opt; the function is its scripts', () => {
  assert.equal(statSync(file('dist/layer/bootstrap')).mode & 0o777, 0o755)
  assert.equal(statSync(file('dist/layer/lambdabin/runtime')).mode & 0o777, 0o755)
  assert.match(readFileSync(file('dist/layer/lambdabin/THIRD-PARTY-NOTICES'), 'utf8'), /Node\.js \d/)
  assert.equal(statSync(file('dist/orders/orders/function.js')).isFile(), true)
  assert.ok(statSync(file('dist/orders/orders/function.cache')).size > 0)
  assert.doesNotMatch(readFileSync(file('dist/orders/THIRD-PARTY-NOTICES'), 'utf8'), /^Node\.js \d/m)
})

test('a layer that is there, and was made of the same, stays as it is; --force makes it again, to the same bytes', async () => {
  const before = statSync(file('dist/layer.zip'))
  const again = await buildLayer({ cwd: project, arch: here })
  assert.ok(again.ok)
  assert.equal(again.layer.isUnchanged, true)
  assert.equal(statSync(file('dist/layer.zip')).ino, before.ino)
  const { status, stdout } = await runLambdabin(['layer', '--arch', here, '--force', '--json'], {
    cwd: project,
  })
  assert.equal(status, 0)
  const { layer } = JSON.parse(stdout)
  assert.equal(layer.unchanged, false)
  assert.equal(layer.CodeSha256, again.layer.codeSha256)
  assert.notEqual(statSync(file('dist/layer.zip')).ino, before.ino)
})

test('--into writes what is in /opt straight into a folder, makes no zip, and leaves other files', async () => {
  writeFiles(project, { 'opt/bin/tool': 'of the user' })
  const { status, stderr } = await runLambdabin(['layer', '--arch', here, '--into', 'opt'], { cwd: project })
  assert.equal(status, 0, stderr)
  assert.deepEqual(readdirSync(file('opt')).sort(), ['bin', 'bootstrap', 'lambdabin'])
  assert.deepEqual(readdirSync(file('opt/lambdabin')).sort(), ['THIRD-PARTY-NOTICES', 'runtime'])
  assert.deepEqual(
    readFileSync(file('opt/lambdabin/runtime')),
    readFileSync(file('dist/layer/lambdabin/runtime')),
  )
  assert.equal(existsSync(file('dist/opt.zip')), false)
})

test('the pair answers, with what is included and shipped, and with chunks that are loaded late', async () => {
  const whole = await answer('orders', { items: [1, 2] })
  assert.ok(whole.ok, whole.logs)
  assert.equal(whole.payload, 7)
  assert.match(whole.logs, /^REPORT RequestId: /m)
  const late = await answer('orders', {}, 'orders.late')
  assert.ok(late.ok, late.logs)
  assert.equal(late.payload, 'loaded late')
})

test('what bootstrap tells the runtime of a function that has nothing primed is not to be seen by that', async () => {
  assert.equal(existsSync(file('dist/users/users/prime.json')), false)
  const seen = await answer('users', {}, 'users.variables')
  assert.ok(seen.ok, seen.logs)
  assert.deepEqual(seen.payload, [])
})

test('an error has the TypeScript file and line, and an export that is not there is named', async () => {
  const refused = await answer('orders', { refuse: true, items: [] })
  assert.ok(!refused.ok)
  assert.equal(refused.error.document?.errorType, 'OrderRefused')
  assert.match(`${refused.error.document?.trace}`, /src\/orders\.ts:7\b/)
  const missing = await answer('orders', {}, 'orders.gone')
  assert.ok(!missing.ok)
  assert.match(`${missing.error.document?.errorMessage}`, /gone/)
})

test('one layer serves two functions', async (t) => {
  const started = await createLocalLambda({
    functions: [file('dist/orders.zip'), file('dist/users')],
    layer: [file('dist/layer.zip')],
    timeout: 30,
    cwd: project,
  })
  assert.ok(started.ok, started.ok ? '' : started.error.message)
  t.after(() => started.lambda.close())
  const [orders, users] = await Promise.all([
    started.lambda.invoke('orders', { items: [] }),
    started.lambda.invoke('users', {}),
  ])
  assert.ok(orders.ok && users.ok, JSON.stringify([orders, users]))
  assert.equal(orders.payload, 5)
  assert.match(JSON.stringify(users.payload), /^\{"users":"v\d/)
})

test('the zip of echo is a few kilobytes; that of an AWS SDK client with zod is its megabyte of code, no runtime', async (t) => {
  const outDir = temporaryFolder(t)
  const result = await build({
    functions: [ECHO, SDK],
    arch: here,
    forLayer: true,
    outDir,
    only: 'zip',
    config: false,
  })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  const [echo, sdk] = result.functions.map(({ zipBytes = Infinity }) => zipBytes)
  assert.ok(Number(echo) < 30_000, `${echo}`)
  assert.ok(Number(sdk) < 900_000, `${sdk}`)
})

test('a layer and a function of different formats fail in the init phase, with both', async (t) => {
  const folder = join(temporaryFolder(t), 'orders')
  cpSync(file('dist/orders'), folder, { recursive: true })
  const script = join(folder, 'orders/function.js')
  const other = FORMAT_VERSION + 1
  const changed = readFileSync(script, 'latin1').replace(/^\/\*lambdabin \d+\*\//, `/*lambdabin ${other}*/`)
  writeFileSync(script, changed, 'latin1')
  const result = await invoke({ package: folder, layer: [file('dist/layer')], cwd: project })
  assert.ok(!result.ok)
  assert.equal(result.error.document?.errorType, 'Runtime.FormatMismatch')
  const message = `${result.error.document?.errorMessage}`
  assert.match(message, new RegExp(`format ${FORMAT_VERSION}\\b.*format ${other}\\b`))
})

test('a function that is built for a layer is changed and unchanged as any', async () => {
  const again = async () =>
    build({ cwd: project, functions: ['src/users.ts'], arch: here, forLayer: true, ...OTHERS })
  const OTHERS = { external: ['adder'], include: ['data'], event: ['event.json'] }
  const first = await again()
  assert.ok(first.ok)
  assert.equal(first.functions[0]?.isUnchanged, true)
  writeFileSync(file('src/users.ts'), 'export const handler = async () => ({ users: "changed" })')
  const second = await again()
  assert.ok(second.ok)
  assert.equal(second.functions[0]?.isUnchanged, false)
  const changed = await answer('users')
  assert.ok(changed.ok)
  assert.deepEqual(changed.payload, { users: 'changed' })
})

for (const [args, message] of [
  [
    ['invoke', 'dist/orders.zip'],
    /orders in dist\/orders\.zip is built for a layer, and no layer with a runtime was given;.* --layer\n$/,
  ],
  [
    ['build', 'src/users.ts', '--for-layer', '--init', 'build'],
    /--init build puts users into its executable, and --for-layer makes none/,
  ],
  [['layer', 'orders'], /layer takes options only, as it is for all functions, and got orders/],
  [['layer', '--arch', 'arm'], /--arch expects x64 or arm64/],
  [['layer', '--name', '../layer'], /--name/],
] as const) {
  test(`wrong usage is told in a sentence: ${args.join(' ')}`, async () => {
    const { status, stderr } = await runLambdabin(args, { cwd: project })
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
    assert.equal(stderr.trimEnd().split('\n').length, 1)
  })
}
