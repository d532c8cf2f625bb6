import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { StartMeasurement } from '../../../src/inspect/start/measure-start.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { buildFunction } from '../../support/projects/built-function.ts'
import { runLambdabin } from '../../support/projects/command.ts'

const lazy = buildFunction('lazy')
const initialised = buildFunction('initialised', '--init', 'build')

after(async () => {
  for (const built of await Promise.allSettled([lazy, initialised])) {
    await (built.status === 'fulfilled' ? built.value.remove() : undefined)
  }
})

async function measure(path: string, ...options: string[]): Promise<StartMeasurement> {
  const { status, stdout, stderr } = await runLambdabin(['inspect', '--start', path, '--json', ...options])
  assert.deepEqual([status, stderr], [0, ''])
  return JSON.parse(stdout).start
}

const measured = lazy.then(({ zip }) => measure(zip, '--runs', '3', '--event', '{"what":"price"}'))
measured.catch(() => {})

test('the parts of a start follow each other without a gap, and are the time to the first next', async () => {
  const { timeline, tracedMs } = await measured
  let position = 0
  for (const { name, begin, ms } of timeline.parts) {
    assert.ok(Math.abs(begin - position) < 0.001, `${name} begins at ${begin}, and ${position} were told`)
    assert.ok(ms >= 0)
    position += ms
  }
  assert.ok(Math.abs(position - tracedMs) < tracedMs / 20, `${position} of ${tracedMs} ms`)
  assert.deepEqual(
    timeline.parts.map(({ name }) => name.split(':')[0]),
    ['process', 'Node.js', 'measuring', 'launcher', 'runtime', 'priming', 'function', 'to the first next'],
  )
  for (const { name, begin, ms, parts } of timeline.parts) {
    for (const inner of parts) {
      assert.ok(
        inner.begin >= begin - 1 && inner.begin + inner.ms <= begin + ms + 1,
        `${inner.name} in ${name}`,
      )
    }
  }
})

test('each module has its time, and is told to be evaluated in the init phase or in the invocation', async () => {
  const { modules } = (await measured).timeline
  const phase = (path: string) => modules.find((module) => module.path.endsWith(path))?.phase
  assert.equal(phase('lazy.ts'), 'init')
  assert.equal(phase('lazy-parts/price.ts'), 'invocation')
  assert.equal(phase('lazy-parts/broken.ts'), undefined, 'it was not imported')
  for (const { path, ownMs, totalMs } of modules) {
    assert.ok(ownMs >= 0 && totalMs >= ownMs - 0.001, `${path}: ${ownMs} of ${totalMs} ms`)
  }
})

test('it tells of scripts and their code caches, of the pages, and of the invocation', async () => {
  const { scripts, pages, invocation, warm, runs } = await measured
  const of = (file: string) => scripts.find((script) => script.file === file)
  assert.equal(of('runtime.js')?.cache, 'accepted')
  assert.equal(of('function.js')?.cache, 'accepted')
  assert.ok((of('runtime.js')?.cacheBytes ?? 0) > 50_000)
  assert.ok((pages?.minorFaults ?? 0) > 1000 && (pages?.peakBytes ?? 0) > 20e6)
  assert.equal(invocation?.failed, false)
  assert.ok((invocation?.ms.least ?? 0) > 0)
  assert.ok(warm.least <= warm.median && warm.median <= warm.most)
  assert.equal(runs, 3)
})

test('a function that is initialised by the build has its heap restored, and no modules to evaluate', async () => {
  const { zip } = await initialised
  const { timeline, tracedMs, invocation } = await measure(zip, '--runs', '1')
  assert.deepEqual(
    timeline.parts.map(({ name }) => name.split(':')[0]),
    ['process', 'Node.js', 'measuring', 'restored heap, and runtime'],
  )
  const sum = timeline.parts.reduce((together, { ms }) => together + ms, 0)
  assert.ok(Math.abs(sum - tracedMs) < tracedMs / 20, `${sum} of ${tracedMs} ms`)
  assert.deepEqual([timeline.modules, invocation], [[], null])
})

test('what asks for a module of Node.js is told, and the table has it all', async (t) => {
  const folder = temporaryFolder(t)
  const entry = join(folder, 'orders.ts')
  writeFileSync(
    entry,
    `import { createHash } from 'node:crypto'
import { parts } from './parts.ts'
export const handler = async () => [parts, createHash('sha256').update('a').digest('hex')]
`,
  )
  writeFileSync(
    join(folder, 'parts.ts'),
    `import { createGzip } from 'node:zlib'
export const parts = [createGzip().constructor.name, process.env.NODE_OPTIONS, process.env.GIVEN]
console.log(JSON.stringify(parts))
`,
  )
  const built = await buildFunction(entry)
  t.after(() => built.remove())
  const options = [
    '--runs',
    '1',
    '--env',
    'LAMBDABIN_PRIME=0',
    '--env',
    'GIVEN=value',
    '--event',
    '{}',
    '--env',
    'NODE_OPTIONS=--no-warnings',
  ]
  const { status, stdout, stderr } = await runLambdabin(['inspect', '--start', built.folder, ...options])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /\n {4}(node:)?zlib, for \S*(parts|orders)\.ts +\d+\.\d+ {2}zlib/)
  assert.match(stdout, /\n {2}together +\d+\.\d+\n/)
  assert.match(stdout, /\n {2}invocation +\d+\.\d ms \(/)
  assert.match(stdout, /\n {4}\S*parts\.ts +\d+\.\d+ +\d+\.\d+\n/)
})

test('a function that does not start is told with what it said, with status 1, and leaves nothing', async (t) => {
  const entry = join(temporaryFolder(t), 'broken.ts')
  writeFileSync(
    entry,
    `if (process.env.BREAK) { throw new Error('no table') }\nexport const handler = async () => 1\n`,
  )
  const built = await buildFunction(entry)
  t.after(() => built.remove())
  const system = temporaryFolder(t)
  const args = ['inspect', '--start', built.zip, '--env', 'BREAK=1']
  const { status, stdout, stderr } = await runLambdabin(args, { env: { TMPDIR: system } })
  assert.deepEqual([status, stdout], [1, ''])
  assert.match(stderr, /^lambdabin: the function failed in its init phase; it said: [\s\S]*no table/)
  assert.deepEqual(readdirSync(system), [])
})

test('wrong usage is told in a sentence', async () => {
  for (const [args, message] of [
    [
      ['x.zip', '--event', '{}'],
      /--event is about how a start is measured, and --start is not there; add --start/,
    ],
    [['x.zip', '--start', '--runs', '0'], /expected --runs with a whole number from 1 to 100, but got "0"/],
    [
      ['x.zip', '--start', '--event', '{}', '--event-file', 'a'],
      /expected one of --event and --event-file, but got both/,
    ],
    [['x.zip', '--start', '--event', '{'], /expected an event in JSON, but --event is not/],
  ] as const) {
    const { status, stderr } = await runLambdabin(['inspect', ...args])
    assert.equal(status, 2, stderr)
    assert.match(stderr, message)
  }
})
