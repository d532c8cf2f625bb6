import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { Script } from 'node:vm'
import { SAME_BYTES } from '../../../src/compiler/base-node/code-cache-header.ts'
import { bundleRuntime } from '../../../src/compiler/bundle/bundle-runtime.ts'
import { ECHO_RUN } from '../../../src/compiler/executable/code-caches.ts'
import { runWarmUp, type WarmUpOptions } from '../../../src/compiler/executable/warm-up-run.ts'
import { FORMAT_HEADER, LAUNCHER, LAUNCHER_FILE, scriptAsset } from '../../../src/executable/format.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** Keeps the processors busy until the test has ended. */
function keepBusy(t: TestContext): void {
  for (let count = 0; count < 4; count++) {
    const child = spawn(process.execPath, ['-e', 'for (;;) {}'], { stdio: 'ignore', timeout: 60_000 })
    t.after(() => child.kill('SIGKILL'))
  }
}

const OPTIONS = {
  skip: process.platform !== 'linux' && 'it runs Node.js for Linux',
  timeout: 180_000,
}

/** Makes the code caches of a function, in a folder of that name. */
async function warmUps(t: TestContext) {
  const { warmUp, runtime } = await bundleRuntime()
  const folder = writeFiles(temporaryFolder(t), { 'task/file.txt': '' })
  return (name: string, changes: Partial<WarmUpOptions> = {}) =>
    runWarmUp({
      ...{ warmUp, runtime, runner: [], node: process.execPath, nodeOptions: SAME_BYTES },
      ...ECHO_RUN,
      ...changes,
      taskRoot: join(folder, 'task'),
      folder: join(folder, name),
    })
}

test(
  'code caches are the same bytes each time they are made, however busy the machine is',
  OPTIONS,
  async (t) => {
    const make = await warmUps(t)
    const first = await make('first')
    assert.equal(first.note, undefined)
    assert.ok(first.own.runtime && first.own.runtime.length > 100_000, 'what ran is in the cache')
    keepBusy(t)
    for (const name of ['second', 'third', 'fourth']) {
      const again = await make(name)
      assert.ok(again.own.runtime?.equals(first.own.runtime), `the runtime's, the ${name} time`)
      assert.deepEqual(again.chunks, first.chunks)
    }
  },
)

test('code caches are the same bytes whatever was compiled first', OPTIONS, async (t) => {
  const make = await warmUps(t)
  const chunk = Buffer.from(`${FORMAT_HEADER}(function (exports) {
    function first() { class Inner { inner() { return () => 1 } } return new Inner().inner()() }
    function second() { class Other { other() { return () => 2 } } return new Other().other()() }
    exports.handler = async (event) => (event.isFirst ? first() : second())
  })`)
  const events = ['{"isFirst":true}', '{"isFirst":false}'].map((event) => Buffer.from(event))
  const one = await make('one', { chunks: [chunk], events })
  const other = await make('other', { chunks: [chunk], events: events.toReversed() })
  assert.equal(one.note, undefined)
  assert.deepEqual(one.chunks, other.chunks)
})

test('a function may set environment variables that are set', OPTIONS, async (t) => {
  const make = await warmUps(t)
  const chunk = Buffer.from(`${FORMAT_HEADER}(function (exports) {
    process.env.TZ = 'Asia/Tokyo'
    Object.assign(process.env, { LANG: 'C', NEW: 1 })
    process.env.NEW = '2'
    delete process.env.NEW
    if (new Date(0).getHours() !== 9 || process.env.LANG !== 'C' || 'NEW' in process.env) throw new Error('they are not')
    exports.handler = async () => 'done'
  })`)
  assert.equal((await make('variables', { chunks: [chunk] })).note, undefined)
})

test(
  'a launcher starts the program as in an executable, and its code cache holds what it did',
  OPTIONS,
  async (t) => {
    const make = await warmUps(t)
    const { launcher } = await bundleRuntime()
    const { own, note } = await make('launched', { others: { [scriptAsset(LAUNCHER)]: launcher } })
    assert.equal(note, undefined)
    const script = () => new Script(launcher.toString('latin1'), { filename: LAUNCHER_FILE })
    const cold = script().createCachedData()
    assert.ok(
      own.launcher && own.launcher.length > 1.5 * cold.length,
      `${own.launcher?.length} bytes, ${cold.length} before it has run`,
    )
    assert.equal((await make('without')).own.launcher, undefined)
  },
)
