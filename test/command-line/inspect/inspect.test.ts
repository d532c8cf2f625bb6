import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Inspection } from '../../../src/inspect/package/inspection.ts'
import { findPart, leaves } from '../../../src/inspect/package/part-tree.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { type BuiltFunction, buildFunction } from '../../support/projects/built-function.ts'
import { runLambdabin } from '../../support/projects/command.ts'

const lazy = buildFunction('lazy')
const initialised = buildFunction('initialised', '--init', 'build', '--intl', 'en,de')
const external = buildFunction('libraries-middleware', '--external', 'hono', '--zip', 'fast', '--no-minify')

after(async () => {
  for (const built of await Promise.allSettled([lazy, initialised, external])) {
    await (built.status === 'fulfilled' ? built.value.remove() : undefined)
  }
})

const inspections = new Map<string, Promise<Inspection>>()

/** Each package is looked into once: it takes seconds. */
function inspect(path: string): Promise<Inspection> {
  const known = inspections.get(path) ?? inspectAnew(path)
  inspections.set(path, known)
  return known
}

async function inspectAnew(path: string): Promise<Inspection> {
  const { status, stdout, stderr } = await runLambdabin(['inspect', path, '--json'])
  assert.deepEqual([status, stderr], [0, ''])
  return JSON.parse(stdout)
}

function assertAddsUp({ parts, zipBytes, unpackedBytes }: Inspection): void {
  const all = leaves(parts)
  assert.equal(
    all.reduce((sum, { part }) => sum + part.zippedBytes, 0),
    zipBytes,
  )
  assert.equal(
    all.reduce((sum, { part }) => sum + part.bytes, 0),
    unpackedBytes,
  )
}

for (const [what, building] of [
  ['a plain function with chunks', lazy],
  ['a function that is initialised by the build, with two locales', initialised],
  ['a function with a package beside it', external],
] as [string, Promise<BuiltFunction>][]) {
  test(`the parts of ${what} are its zip, to the byte`, async () => {
    const { zip } = await building
    const found = await inspect(zip)
    assert.equal(found.zipBytes, statSync(zip).size)
    assertAddsUp(found)
  })
}

test('of a folder it tells what it tells of the zip that is made of it', async () => {
  const { zip, folder } = await lazy
  const [found, ofFolder] = await Promise.all([inspect(zip), inspect(folder)])
  assert.deepEqual(ofFolder.parts, found.parts)
  assert.deepEqual([ofFolder.zipBytes, ofFolder.kind, ofFolder.codeSha256], [found.zipBytes, 'folder', null])
})

test('what is in a package is told by name: Node.js, runtime, function, modules and when they are evaluated', async () => {
  const found = await inspect((await lazy).zip)
  const size = (...path: string[]) => findPart(found.parts, path)?.bytes ?? 0
  assert.ok(size('Node.js', 'machine code') > 30e6)
  assert.ok(size('Node.js', 'ICU data', 'locales', 'de') > 100_000)
  assert.ok(size('Node.js', 'sources of built-in modules') > 3e6)
  assert.ok(size('Node.js', 'code caches of built-in modules') > 1e6)
  assert.ok(size('runtime', 'script') > 50_000)
  assert.ok(size('runtime', 'code cache') > 50_000)
  assert.ok(size('function', 'text', 'your code', 'test/fixtures/functions/lazy.ts') > 500)
  assert.ok(size('function', 'code caches', 'function.cache') > 1000)
  assert.ok(size('notices') > 50_000)
  const evaluated = new Map(found.modules.map(({ path, evaluated: when }) => [path, when]))
  assert.equal(evaluated.get('test/fixtures/functions/lazy.ts'), 'start')
  assert.equal(evaluated.get('test/fixtures/functions/lazy-parts/basket.ts'), 'start')
  assert.equal(evaluated.get('test/fixtures/functions/lazy-parts/price.ts'), 'import()')
  assert.deepEqual(
    [found.name, found.arch, found.runtimes, found.executables, found.options, found.kind],
    ['lazy', 'x64', ['provided.al2023'], ['lazy'], {}, 'zip'],
  )
  assert.match(found.nodeVersion ?? '', /^24\.\d+\.\d+$/)
  assert.equal(found.codeSha256, await sha256(await lazy))
})

test('the build’s options, its packages and what --intl left out are told', async () => {
  const [plain, small, beside] = await Promise.all(
    [lazy, initialised, external].map(async (built) => inspect((await built).zip)),
  )
  assert.deepEqual(small?.options, { init: 'build', intl: ['en', 'de'] })
  assert.deepEqual(beside?.options, { external: ['hono'], minify: false })
  assert.ok((small?.leftOut?.icuData ?? 0) > (plain?.leftOut?.icuData ?? 0) + 15e6)
  assert.ok(
    (findPart(small?.parts as never, ['function', 'heap, initialised by the build'])?.bytes ?? 0) > 100_000,
  )
  const { version } = JSON.parse(readFileSync('node_modules/@middy/core/package.json', 'utf8'))
  assert.deepEqual(beside?.packages.find(({ name }) => name === '@middy/core')?.versions, [version])
  assert.equal(beside?.shipped.find(({ name }) => name === 'hono')?.reason, 'was left out with --external')
  assert.ok(findPart(beside?.parts as never, ['packages beside the executable', 'hono', 'package.json']))
})

test('the table has the same numbers', async () => {
  const { zip } = await external
  const found = await inspect(zip)
  const { status, stdout, stderr } = await runLambdabin(['inspect', zip])
  assert.deepEqual([status, stderr], [0, ''])
  const number = (count: number) => count.toLocaleString('en-US')
  assert.match(
    stdout,
    new RegExp(`\n  together +${number(found.zipBytes)} +${number(found.unpackedBytes)} +100\\.0%\n`),
  )
  assert.match(
    stdout,
    /\n {2}options +--no-minify --external hono|\n {2}options +--external hono --no-minify/,
  )
  assert.match(stdout, /\n {4}@middy\/core \d+\.\d+\.\d+, \d+ modules? /)
  assert.match(stdout, /\n {2}ships hono \d+\.\d+\.\d+: it was left out with --external\n/)
  const tops = [...stdout.matchAll(/^ {2}(\S.*?) {2,}([\d,]+) +([\d,]+) +[\d.]+%$/gm)].filter(
    ([, name]) => name !== 'together',
  )
  const together = tops.reduce((sum, [, , zipped = '']) => sum + Number(zipped.replaceAll(',', '')), 0)
  assert.equal(together, found.zipBytes)
})

test('two packages are compared: the changes are the difference of their zips, to the byte', async () => {
  const [before, now] = [(await lazy).zip, (await external).zip]
  const { status, stdout, stderr } = await runLambdabin(['inspect', before, now, '--json'])
  assert.deepEqual([status, stderr], [0, ''])
  const compared = JSON.parse(stdout)
  const difference = compared.changes.reduce(
    (sum: number, change: { before: number; now: number }) => sum + change.now - change.before,
    0,
  )
  assert.equal(difference, statSync(now).size - statSync(before).size)
  assert.deepEqual(compared.packages.find(({ name }: { name: string }) => name === '@middy/core')?.before, [])
  const text = (await runLambdabin(['inspect', before, now])).stdout
  assert.match(text, /\n {2}the zip +[\d,]+ +[\d,]+ +\+[\d,]+\n/)
  assert.match(text, /\n {4}packages beside the executable \/ hono \/ \S+ +0 +[\d,]+ +\+[\d,]+\n/)
  assert.match(text, /\n {4}@middy\/core: none before, \d+\.\d+\.\d+ now\n/)
})

test('the record tells no path of the machine that built, and is not mapped by a start', async () => {
  const { executable } = await external
  const record = execFileSync('readelf', ['-p', '.lambdabin', executable], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  assert.match(record, /@middy\/core/)
  assert.ok(!record.includes(process.cwd()), 'a path of this machine')
  const segments = execFileSync('readelf', ['-lW', executable], { encoding: 'utf8' })
  assert.doesNotMatch(segments, /\.lambdabin/)
})

test('what is no package of lambdabin’s is said in a sentence, with status 2', async (t) => {
  const folder = temporaryFolder(t)
  const other = join(folder, 'other')
  mkdirSync(other)
  copyFileSync('/bin/true', join(other, 'bootstrap'))
  copyFileSync('/bin/echo', join(other, 'program'))
  mkdirSync(join(folder, 'empty'))
  writeFileSync(join(folder, 'text.zip'), 'no zip')
  for (const [path, message] of [
    ['missing.zip', /expected a package, a zip or a folder, but cannot read .*missing\.zip/],
    ['empty', /expected the folder of a package, but .*empty has no files/],
    ['text.zip', /text\.zip/],
    [
      'other',
      /expected a package that lambdabin has built, but .*other is none: none of "program" is an executable of lambdabin’s/,
    ],
  ] as const) {
    const { status, stdout, stderr } = await runLambdabin(['inspect', join(folder, path)])
    assert.deepEqual([status, stdout], [2, ''], stderr)
    assert.match(stderr, message)
    assert.match(stderr, /^lambdabin: [^\n]+\n$/, 'one sentence')
  }
})

test('a package of a version without a record is told as far as its bytes tell', async (t) => {
  const { folder } = await lazy
  const old = join(temporaryFolder(t), 'lazy')
  mkdirSync(old)
  copyFileSync(join(folder, 'bootstrap'), join(old, 'bootstrap'))
  const executable = readFileSync(join(folder, 'lazy'))
  executable.write('.nothing\0', executable.lastIndexOf('.lambdabin\0'))
  writeFileSync(join(old, 'lazy'), executable, { mode: 0o755 })
  const found = await inspect(old)
  assertAddsUp(found)
  assert.deepEqual([found.lambdabin, found.options, found.warnings], [null, null, []])
  assert.match(found.nodeVersion ?? '', /^24\./)
  assert.ok(found.modules.some(({ path, evaluated }) => path.endsWith('lazy.ts') && evaluated === null))
})

async function sha256({ zip }: BuiltFunction): Promise<string> {
  const { createHash } = await import('node:crypto')
  return createHash('sha256').update(readFileSync(zip)).digest('base64')
}
