/** What is in the place of a package, and is none: nothing of it is deleted. */

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { build, buildLayer } from '../../../src/api.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { temporaryFiles, writeFiles } from '../../support/projects/files.ts'

const FUNCTION = 'export const handler = async () => 1'
const here = process.arch === 'arm64' ? 'arm64' : 'x64'

/** Everything in `folder` and its content, but for executables. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  const paths = files.map((each) => join(each.parentPath, each.name)).sort()
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'latin1')]),
  )
}

for (const [what, files, args, message] of [
  [
    'an author’s own folder in --out-dir',
    { 'src/orders/index.ts': FUNCTION, 'dist/orders/index.js': 'x' },
    ['build', 'src/orders/index.ts'],
    /expected nothing at dist\/orders, or an earlier package of this function, .* the folder there has index\.js, and is no package; move that away, or build elsewhere with --out-dir/,
  ],
  [
    'the sources themselves',
    { 'functions/users/index.ts': FUNCTION },
    ['build', 'functions/users/index.ts', '--out-dir', 'functions'],
    /expected nothing at functions\/users, .* the folder there has index\.ts, and is no package/,
  ],
  [
    'the sources, by a configuration',
    {
      'src/a/index.ts': FUNCTION,
      'lambdabin.config.json': { functions: { a: 'src/a/index.ts' }, outDir: 'src' },
    },
    ['build'],
    /expected nothing at src\/a, .* the folder there has index\.ts/,
  ],
  [
    'another runtime’s package',
    {
      'src/orders.ts': FUNCTION,
      'dist/orders/bootstrap': '#!/bin/sh\nexec ./orders',
      'dist/orders/orders': 'x',
    },
    ['build', 'src/orders.ts'],
    /the folder there has bootstrap, and is no package/,
  ],
  [
    'a file',
    { 'src/orders.ts': FUNCTION, orders: 'x' },
    ['build', 'src/orders.ts', '--out-dir', '.', '--only', 'folder'],
    /expected nothing at orders, .* and a file is there/,
  ],
  [
    'a folder in the place of a layer',
    { 'lay/kept.txt': 'x' },
    ['layer', '--name', 'lay', '--out-dir', '.'],
    /expected nothing at lay, or an earlier package of this layer, .* the folder there has kept\.txt/,
  ],
  [
    'a folder where --into has the executable',
    { 'src/orders.ts': FUNCTION, 'out/orders/kept.txt': 'x', 'out/bootstrap': '#!/bin/sh\n# lambdabin' },
    ['build', 'src/orders.ts', '--into', 'out'],
    /--into puts orders into \S+\/out, and expected nothing of that name there, .*: move it away/,
  ],
  [
    'a folder where a layer has its executable',
    { 'out/lambdabin/kept.txt': 'x' },
    ['layer', '--into', 'out'],
    /--into puts lambdabin into \S+\/out, and expected nothing/,
  ],
] as const) {
  test(`${what} is told of before anything is built, and stays as it is`, async (t) => {
    const project = temporaryFiles(t, { 'package.json': {}, ...(files as object) })
    const before = contents(project)
    const { status, stdout, stderr } = await runLambdabin([...args, '--arch', here], { cwd: project })
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /bundle +\d/)
    assert.equal(status, 1)
    assert.equal(stdout, '')
    assert.deepEqual(contents(project), before)
  })
}

test('a folder that --into would replace, as it comes to light in the build, stays, too', async (t) => {
  const project = temporaryFiles(t, {
    ...{ 'package.json': {}, 'src/orders.ts': FUNCTION, 'data/rates.json': '{}' },
    'out/data/kept.txt': 'x',
  })
  const options = {
    cwd: project,
    functions: ['src/orders.ts'],
    into: 'out',
    include: ['data'],
    arch: here,
  } as const
  const refused = await build(options)
  assert.match(refused.ok ? '' : refused.error.message, /--into puts data into/)
  assert.deepEqual(contents(join(project, 'out')), { 'data/kept.txt': 'x' })

  rmSync(join(project, 'out/data'), { recursive: true })
  for (const _ of ['the first', 'in the place of the first']) {
    const built = await build(options)
    assert.ok(built.ok, built.ok ? '' : built.error.message)
    assert.deepEqual(readdirSync(join(project, 'out')).sort(), [
      'THIRD-PARTY-NOTICES',
      'bootstrap',
      'data',
      'orders',
    ])
  }
  const scripts = await build({ ...options, forLayer: true })
  assert.ok(scripts.ok, scripts.ok ? '' : scripts.error.message)
  assert.ok(existsSync(join(project, 'out/orders/function.js')))
  const executable = await build(options)
  assert.ok(executable.ok, executable.ok ? '' : executable.error.message)
})

let project: string
before((t) => {
  project = writeFiles(temporaryFolder(t as never), {
    ...{ 'package.json': {}, 'src/orders.ts': FUNCTION, 'data/rates.json': '{}' },
    'node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
    'node_modules/adder/index.js': 'exports.add = (a, b) => a + b',
  })
})

test('packages of an earlier build are replaced, with what is beside the executable, whatever is known of that build', async (t) => {
  const orders = { cwd: project, functions: ['src/orders.ts'], arch: here, force: true } as const
  const built = async (options: object) => {
    const result = await build({ ...orders, ...options })
    assert.ok(result.ok, result.ok ? '' : result.error.message)
    return readdirSync(join(project, 'dist')).sort()
  }
  const both = ['orders', 'orders.zip']
  mkdirSync(join(project, 'dist/orders'), { recursive: true })
  assert.deepEqual(await built({ include: ['data', 'node_modules/adder'] }), both)
  writeFiles(project, { 'dist/orders/added.txt': '' })
  // Where it is built by another machine, nothing is known of it.
  renameSync(join(project, 'dist'), join(project, 'moved'))
  cpSync(join(project, 'moved'), join(project, 'dist'), { recursive: true })
  assert.deepEqual(await built({ forLayer: true, notices: false }), both)
  assert.deepEqual(readdirSync(join(project, 'dist/orders')), ['orders'])
  assert.deepEqual(await built({}), both)
  assert.deepEqual(await built({ only: 'zip' }), ['orders.zip'])
  assert.deepEqual(await built({ only: 'folder' }), ['orders'])

  await t.test('by a layer of the same name they are not, nor is the layer by a function', async () => {
    const layer = await buildLayer({ cwd: project, name: 'orders', arch: here })
    assert.match(layer.ok ? '' : layer.error.message, /and the package of a function is there/)
    assert.ok(existsSync(join(project, 'dist/orders/orders')))
    writeFiles(project, {
      'dist/layer/bootstrap': '#!/bin/sh\n# lambdabin',
      'dist/layer/lambdabin/runtime': '',
    })
    const function_ = await build({ ...orders, name: 'layer' })
    assert.match(function_.ok ? '' : function_.error.message, /and the package of a layer is there/)
    assert.ok(existsSync(join(project, 'dist/layer/lambdabin/runtime')))
  })

  await t.test('not with the function’s entry in them, through a link either', async () => {
    symlinkSync(join(project, 'dist'), join(project, 'link'))
    writeFiles(project, { 'dist/orders/orders.ts': FUNCTION })
    const result = await build({ ...orders, functions: ['dist/orders/orders.ts'], outDir: 'link' })
    assert.match(
      result.ok ? '' : result.error.message,
      /the folder there has orders\.ts, which is to be built/,
    )
    assert.ok(existsSync(join(project, 'dist/orders/orders.ts')))
    const into = await build({ ...orders, functions: ['dist/orders/orders.ts'], into: 'link' })
    assert.match(into.ok ? '' : into.error.message, /--into expects a folder for the package alone/)
  })
})

test('with --only zip, a folder beside the zip that is no package stays as it is, and the zip is what is invoked', async (t) => {
  const folder = temporaryFiles(t, {
    ...{ 'package.json': {}, 'orders/index.ts': FUNCTION },
    'lambdabin.config.json': { functions: { orders: 'orders/index.ts' }, outDir: '.', only: 'zip' },
  })
  const { status, stderr } = await runLambdabin(['build', '--arch', here], { cwd: folder })
  assert.equal(status, 0, stderr)
  assert.deepEqual(readdirSync(join(folder, 'orders')), ['index.ts'])
  const answer = await runLambdabin(['invoke', 'orders', '--timeout', '30'], { cwd: folder })
  assert.equal(answer.stdout, '1', answer.stderr)
})
