/** A layer, and a function without an executable that is for it: both are built once. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { before, test } from 'node:test'
import { build, buildLayer } from '../../../src/api.ts'
import type { Inspection } from '../../../src/inspect/package/inspection.ts'
import { findPart, leaves } from '../../../src/inspect/package/part-tree.ts'
import type { StartMeasurement } from '../../../src/inspect/start/measure-start.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

let project: string
const file = (path: string) => join(project, path)

before(async (t) => {
  project = writeFiles(temporaryFolder(t as never), {
    'package.json': {},
    'src/orders.ts': `
      import { add } from 'adder'
      export const handler = async (event: { items: number[] }) => add(event.items.length, 5)
      export const where = async (_event: unknown, context: { invokedFunctionArn: string }) => {
        const own = 'arn:aws:lambda:' + process.env.AWS_REGION + ':'
        if (process.env.AWS_REGION !== 'eu-west-1' || !context.invokedFunctionArn.startsWith(own)) {
          throw new Error(context.invokedFunctionArn)
        }
      }
      export const late = async () => (await import('./late.ts')).late`,
    'src/late.ts': 'export const late = "loaded late"',
    'data/rates.json': '{"fee": 5}',
    'node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
    'node_modules/adder/index.js': 'exports.add = (a, b) => a + b',
  })
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const layer = await buildLayer({ cwd: project, arch })
  assert.ok(layer.ok, layer.ok ? '' : layer.error.message)
  const built = await build({
    ...{ cwd: project, arch, forLayer: true, functions: ['src/orders.ts'], include: ['data'] },
    budget: { zip: '1MB', unpacked: '1MB', text: '1MB' },
  })
  assert.ok(built.ok, built.ok ? '' : built.error.message)
})

async function inspect(path: string): Promise<Inspection> {
  const { status, stdout, stderr } = await runLambdabin(['inspect', file(path), '--json'])
  assert.deepEqual([status, stderr], [0, ''])
  const found: Inspection = JSON.parse(stdout)
  const all = leaves(found.parts).map(({ part }) => part)
  assert.equal(
    all.reduce((sum, { zippedBytes }) => sum + zippedBytes, 0),
    found.zipBytes,
  )
  assert.equal(
    all.reduce((sum, { bytes }) => sum + bytes, 0),
    found.unpackedBytes,
  )
  return found
}

function sizeIn({ parts }: Inspection, ...path: string[]): number {
  return findPart(parts, path)?.bytes ?? 0
}

test('the parts of a function for a layer are its zip, to the byte: scripts, modules, and no Node.js', async () => {
  const found = await inspect('dist/orders.zip')
  assert.equal(found.zipBytes, statSync(file('dist/orders.zip')).size)
  const scripts = ['function.js', 'function-1.js'].map((name) => statSync(file(`dist/orders/orders/${name}`)))
  assert.equal(
    sizeIn(found, 'function', 'text'),
    scripts.reduce((sum, { size }) => sum + size, 0),
  )
  assert.equal(
    sizeIn(found, 'function', 'code caches', 'function.cache'),
    statSync(file('dist/orders/orders/function.cache')).size,
  )
  assert.ok(sizeIn(found, 'function', 'source maps', 'function-1.js.map') > 0)
  assert.ok(sizeIn(found, 'function', 'text', 'adder', 'index.js') > 0)
  assert.equal(sizeIn(found, 'other files', 'data/rates.json'), 10)
  assert.equal(sizeIn(found, 'Node.js') + sizeIn(found, 'runtime'), 0)
  const chunks = new Map(found.modules.map(({ path, chunk }) => [path, chunk]))
  assert.deepEqual([chunks.get('src/orders.ts'), chunks.get('src/late.ts')], [0, 1])
  const header = readFileSync(file('dist/orders/orders/function.js'), 'latin1').slice(0, 20)
  assert.deepEqual(
    [`/*lambdabin ${found.format}*/`, found.executables, found.nodeVersion, found.runtimes],
    [/^.*?\*\//.exec(header)?.[0], [], null, []],
  )
})

test('the folder of a function for a layer is told as its zip is', async () => {
  const [found, ofFolder] = await Promise.all([inspect('dist/orders.zip'), inspect('dist/orders')])
  assert.deepEqual(ofFolder.parts, found.parts)
})

test('the parts of a layer are its zip, to the byte: Node.js, the runtime, and no function', async () => {
  const found = await inspect('dist/layer.zip')
  assert.equal(found.zipBytes, statSync(file('dist/layer.zip')).size)
  assert.ok(sizeIn(found, 'Node.js', 'machine code') > 30e6)
  assert.ok(sizeIn(found, 'runtime', 'script') > 50_000)
  assert.equal(sizeIn(found, 'bootstrap'), statSync(file('dist/layer/bootstrap')).size)
  assert.equal(sizeIn(found, 'notices'), statSync(file('dist/layer/lambdabin/THIRD-PARTY-NOTICES')).size)
  assert.deepEqual([sizeIn(found, 'function'), sizeIn(found, 'other files'), found.modules], [0, 0, []])
  assert.deepEqual([found.executables, found.runtimes], [['lambdabin/runtime'], ['provided.al2023']])
  assert.match(found.nodeVersion ?? '', /^24\.\d+\.\d+$/)
})

test('the table of a function for a layer says that it needs one, and nothing of a Node.js that it has not', async () => {
  const { status, stdout, stderr } = await runLambdabin(['inspect', file('dist/orders.zip')])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /\n {2}layer +needs one of lambdabin layer/)
  assert.doesNotMatch(stdout, /unknown version|none of AWS Lambda/)
})

test('a function for a layer is held against its budget', () => {
  const { orders } = JSON.parse(readFileSync(file('lambdabin.budget.json'), 'utf8'))
  assert.equal(orders.zip, statSync(file('dist/orders.zip')).size)
  assert.ok(orders.text > 0)
})

test('starts of a layer, and of a function without one, are refused in a sentence that says what to give', async () => {
  for (const [path, why] of [
    [
      'dist/layer.zip',
      /^lambdabin: expected a package with a function, but \S+ is a layer; [^\n]+--layer\n$/,
    ],
    ['dist/orders.zip', /^lambdabin: orders in \S+ is built for a layer, [^\n]+give it with --layer\n$/],
  ] as const) {
    const { status, stdout, stderr } = await runLambdabin(['inspect', '--start', file(path)])
    assert.deepEqual([status, stdout], [2, ''], stderr)
    assert.match(stderr, why)
  }
})

test('a function for a layer is started and invoked with the layer that is given, and its modules are timed', async () => {
  const given = ['--layer', file('dist/layer.zip'), '--runs', '1', '--event', '{"items":[1,2]}']
  const { status, stdout, stderr } = await runLambdabin([
    ...['inspect', '--start', file('dist/orders.zip'), '--json', ...given],
  ])
  assert.deepEqual([status, stderr], [0, ''])
  const { start }: { start: StartMeasurement } = JSON.parse(stdout)
  assert.equal(start.invocation?.failed, false)
  const caches = new Map(start.scripts.map((script) => [script.file, script.cache]))
  assert.deepEqual([caches.get('runtime.js'), caches.get('function.js')], ['accepted', 'accepted'])
  const modules = start.timeline.modules.map(({ path, phase }) => `${path}: ${phase}`)
  assert.ok(modules.includes('src/orders.ts: init'), modules.join(', '))
  assert.ok(modules.includes('node_modules/adder/index.js: init'), modules.join(', '))
})

test('what is started is in the region that its environment names, and so is the function that is invoked', async () => {
  const given = ['--layer', file('dist/layer.zip'), '--runs', '1', '--event', '{}']
  const region = ['--env', 'AWS_DEFAULT_REGION=eu-west-1', '--handler', 'orders.where']
  const { stdout, stderr } = await runLambdabin([
    ...['inspect', '--start', file('dist/orders.zip'), '--json', ...given, ...region],
  ])
  const { start }: { start: StartMeasurement } = JSON.parse(stdout)
  assert.equal(start.invocation?.failed, false, stderr)
})
