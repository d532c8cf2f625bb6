/** Builds again and again of a project: what has not changed is left as it is, and everything else is built. */

import assert from 'node:assert/strict'
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { type BuildOptions, build, invoke } from '../../../src/api.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

let project: string
before((t) => {
  project = writeFiles(temporaryFolder(t as never), {
    'package.json': {},
    'lambdabin.config.json': { functions: { orders: 'src/orders.ts', users: 'src/users.ts' } },
    'src/orders.ts': 'import { text } from "./text.ts"\nexport const handler = async () => text',
    'src/users.ts': 'export const handler = async () => "users"',
    'src/text.ts': 'export const text = "first"',
  })
})

const file = (path: string) => join(project, path)

/** Names of the functions that were built. */
async function built(options: BuildOptions = {}): Promise<string[]> {
  const result = await build({ cwd: project, ...options })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.functions.filter(({ isUnchanged }) => !isUnchanged).map(({ name }) => name)
}

async function answer(name: string): Promise<unknown> {
  const result = await invoke({ package: file(`dist/${name}.zip`), event: {}, cwd: project })
  assert.ok(result.ok, JSON.stringify(result))
  return result.payload
}

test('what has not changed is left as it is, and told of as when it was built', async () => {
  const first = await build({ cwd: project })
  const files = ['dist/orders.zip', 'dist/orders/orders', 'dist/users.zip'].map(file)
  const before = files.map((path) => statSync(path, { bigint: true }))
  const second = await build({ cwd: project })
  assert.deepEqual(
    files.map((path) => statSync(path, { bigint: true })),
    before,
  )
  const facts = ({ functions }: typeof first) =>
    functions.map((each) => ({ ...each, steps: [], isUnchanged: undefined }))
  assert.deepEqual(JSON.parse(JSON.stringify(facts(second))), JSON.parse(JSON.stringify(facts(first))))
  assert.deepEqual(
    second.functions.map(({ isUnchanged }) => isUnchanged),
    [true, true],
  )

  const { stdout, stderr } = await runLambdabin(['build', '--json'], { cwd: project })
  assert.match(stderr, /^ {2}orders +dist\/orders\.zip, \d+\.\d MB, unchanged$/m)
  const report = JSON.parse(stdout).functions
  assert.deepEqual(
    report.map(({ unchanged }: { unchanged: boolean }) => unchanged),
    [true, true],
  )
  assert.equal(report[0].CodeSha256, first.functions[0]?.codeSha256)
})

test('of a change, those functions are built that it is in, and another change back is one, too', async () => {
  assert.equal(await answer('orders'), 'first')
  for (const text of ['second', 'first']) {
    writeFileSync(file('src/text.ts'), `export const text = "${text}"`)
    assert.deepEqual(await built(), ['orders'])
    assert.equal(await answer('orders'), text)
  }
})

const good = () => readFileSync(file('dist/users.zip'))

for (const [what, spoil] of Object.entries({
  'a package that somebody has written to': () => appendFileSync(file('dist/users/users'), '\n'),
  'a zip that is another': () => writeFileSync(file('dist/users.zip'), good()),
  'a folder with another file in it': () => writeFileSync(file('dist/users/more'), ''),
  'a package that is gone': () => rmSync(file('dist/users'), { recursive: true }),
})) {
  test(`${what} is built again, to the same bytes`, async () => {
    await built()
    const before = good()
    spoil()
    assert.deepEqual(await built(), ['users'])
    assert.ok(good().equals(before))
    assert.deepEqual(await built(), [])
  })
}

test('what was built into another folder, or by the same name of another entry, is not taken for it', async () => {
  await built()
  assert.deepEqual(await built({ functions: ['users'], outDir: 'out' }), ['users'])
  assert.deepEqual(await built({ functions: ['src/users.ts'], name: 'orders' }), ['orders'])
  assert.equal(await answer('orders'), 'users')
  assert.deepEqual(await built(), ['orders'])
})

test('--only writes one of the two forms, and what there was of the other is gone', async () => {
  await built({ functions: ['users'] })
  const there = () => readdirSync(file('dist')).filter((name) => name.startsWith('users'))
  assert.deepEqual(await built({ functions: ['users'], only: 'folder' }), ['users'])
  assert.deepEqual(there(), ['users'])
  assert.deepEqual(await built({ functions: ['users'], only: 'folder' }), [])

  const { status, stdout, stderr } = await runLambdabin(['build', 'users', '--only', 'zip', '--json'], {
    cwd: project,
  })
  assert.equal(status, 0, stderr)
  assert.deepEqual(there(), ['users.zip'])
  const [{ zip, folder }] = JSON.parse(stdout).functions
  assert.deepEqual([zip, folder], [file('dist/users.zip'), null])
  assert.equal(await answer('users'), 'users')

  const wrong = await runLambdabin(['build', 'users', '--only', 'both'], { cwd: project })
  assert.equal(wrong.status, 2)
  assert.match(wrong.stderr, /--only expects zip or folder, and got both/)
  const both = await runLambdabin(['build', 'users', '--only', 'folder', '--sbom'], { cwd: project })
  assert.equal(both.status, 2)
  assert.match(both.stderr, /--sbom is for a zip, and --only folder writes none of users;/)
  assert.deepEqual(await built({ functions: ['users'] }), ['users'])
  assert.deepEqual(there(), ['users', 'users.zip'])
})

test('--force builds what has not changed', async () => {
  await built()
  assert.deepEqual(await built({ functions: ['users'], force: true }), ['users'])
})

test('a function that did not initialise in the build is tried again', async () => {
  writeFileSync(file('src/failing.ts'), 'throw new Error("no")\nexport const handler = async () => 1')
  for (const _ of [1, 2]) {
    assert.deepEqual(await built({ functions: ['src/failing.ts'] }), ['failing'])
  }
})

/** Paths of what was kept of the functions of this project. */
function records(): string[] {
  const folder = join(cacheFolder(), 'built')
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.json') && readFileSync(path, 'utf8').includes(project))
}

async function stepsOf(name: string): Promise<readonly string[]> {
  const result = await build({ cwd: project, functions: [name] })
  assert.ok(result.ok && result.functions[0]?.isUnchanged)
  return result.functions[0].steps.map((step) => step.name)
}

test('what has not changed is not bundled, and what there is to tell of it is told each time', async () => {
  writeFiles(project, {
    'src/noting.ts': `export const handler = async (name: string) =>
      [typeof process === 'nul', await import(name), process.getBuiltinModule('node:fs').readFileSync(new URL('./noting.txt', import.meta.url))]`,
    'src/noting.txt': 'text',
  })
  // A build takes no notice of what was written in the moment that it began.
  await setTimeout(100)
  const told = async () => {
    const { stdout, stderr } = await runLambdabin(['build', 'src/noting.ts', '--json'], { cwd: project })
    const report = JSON.parse(stdout).functions[0]
    return [
      stderr.split('\n').filter((line) => /WARNING|nul|noting\.ts/.test(line)),
      report.warnings,
      report.notes,
    ]
  }
  const first = await told()
  assert.match(JSON.stringify(first), /typeof.*a module that is loaded by a name/s)
  assert.deepEqual(await told(), first)
  assert.deepEqual(await stepsOf('src/noting.ts'), [])
})

test('a record of what was built that is damaged, or gone, costs a bundle, and is mended', async () => {
  await built()
  await stepsOf('users')
  assert.deepEqual(await stepsOf('users'), [])
  for (const bad of ['{', 'null', '{"inputs":{"options":"a"}}']) {
    records().forEach((path) => void writeFileSync(path, bad))
    assert.deepEqual(await built({ functions: ['users'] }), ['users'])
    assert.deepEqual(await stepsOf('users'), [])
  }
  const [record = ''] = records().filter((path) => readFileSync(path, 'utf8').includes('"name":"users"'))
  const kept = JSON.parse(readFileSync(record, 'utf8'))
  for (const inputs of [
    undefined,
    { ...kept.inputs, options: 'of another version' },
    { ...kept.inputs, state: {} },
  ]) {
    writeFileSync(record, JSON.stringify({ ...kept, inputs }))
    assert.deepEqual(await stepsOf('users'), ['bundle', 'base Node.js'])
    assert.deepEqual(await stepsOf('users'), [])
  }
})

test('two builds at once leave what the next finds unchanged', async () => {
  writeFileSync(file('src/text.ts'), 'export const text = "at once"')
  await setTimeout(100)
  await Promise.all([1, 2].map(() => runLambdabin(['build', 'orders'], { cwd: project })))
  assert.equal(await answer('orders'), 'at once')
  await built({ functions: ['orders'] })
  assert.deepEqual(await stepsOf('orders'), [])
})

test('what was only touched, or written anew with the same content, is not bundled again', async () => {
  await built()
  const content = readFileSync(file('src/users.ts'))
  rmSync(file('src/users.ts'))
  writeFileSync(file('src/users.ts'), content)
  writeFileSync(file('unrelated.txt'), 'text')
  assert.deepEqual(await stepsOf('users'), [])
})
