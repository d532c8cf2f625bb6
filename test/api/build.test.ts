/** `build` of the API: what the command does, as values. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BuildProgress, build, LambdabinError } from '../../src/api.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const HANDLER = 'export const handler = async () => 1\n'

function project(t: TestContext): string {
  return writeFiles(temporaryFolder(t), {
    'package.json': {},
    'lambdabin.config.json': { functions: { orders: 'src/orders.ts', users: 'src/users.ts' }, outDir: 'out' },
    'src/orders.ts': HANDLER,
    'src/users.ts': HANDLER,
    'src/broken.ts': 'export const handler = (\n',
  })
}

test('build resolves to what was built and to what was not, and says how it goes on', async (t) => {
  const cwd = project(t)
  const heard: BuildProgress[] = []
  const result = await build({
    cwd,
    functions: ['orders', 'src/broken.ts'],
    onProgress: (progress) => heard.push(progress),
  })
  assert.equal(result.ok, false)
  assert.ok(result.error instanceof LambdabinError)
  assert.equal(result.error.code, 'BUILD')
  assert.match(result.error.message, /src\/broken\.ts cannot be bundled, one error:/)
  assert.deepEqual(
    result.failed.map(({ name, entry, error }) => [name, entry, error === result.error]),
    [['broken', join(cwd, 'src/broken.ts'), true]],
  )
  const [orders] = result.functions
  assert.equal(orders?.zip, join(cwd, 'out/orders.zip'))
  assert.deepEqual(orders.exports, ['handler'])
  assert.deepEqual(readdirSync(join(cwd, 'out')).sort(), ['orders', 'orders.zip'])

  const [selected] = heard
  assert.deepEqual(selected, {
    kind: 'selected',
    functions: [
      { name: 'orders', entry: join(cwd, 'src/orders.ts') },
      { name: 'broken', entry: join(cwd, 'src/broken.ts') },
    ],
  })
  const ofOrders = heard.filter((progress) => 'name' in progress && progress.name === 'orders')
  assert.deepEqual(ofOrders[0], { name: 'orders', kind: 'step', step: 'bundle' })
  assert.deepEqual(ofOrders.at(-1), { name: 'orders', kind: 'built', function: orders })
})

for (const [options, message] of [
  [{ functions: ['ordrs'] }, /lambdabin\.config\.json has no function ordrs; did you mean orders\?/],
  [{ config: { functions: 'gone/*.ts' } }, /the configuration: functions is the pattern gone\/\*\.ts/],
  [{ config: false }, /expected the file of a function/],
  [{ arch: 'riscv' }, /^arch expects x64 or arm64, the architectures of AWS Lambda, and got riscv$/],
  [{ outdir: 'x' }, /^build has no option outdir; did you mean outDir\?$/],
  [{ functions: ['orders'], intl: 'xx' }, /--intl expects locales that Node.js knows, and xx is none/],
] as const) {
  test(`a mistake in use is a value, too: ${JSON.stringify(options)}`, async (t) => {
    const cwd = project(t)
    const result = await build({ cwd, ...(options as object) })
    assert.equal(result.ok, false)
    assert.equal(result.error.code, 'USAGE', result.error.stack)
    assert.match(result.error.message, message)
    assert.deepEqual(result.functions, [])
    assert.equal(existsSync(join(cwd, 'out')), false)
  })
}

test('a signal ends the build, with its processes, and leaves no files', async (t) => {
  const cwd = project(t)
  const controller = new AbortController()
  const result = await build({
    cwd,
    jobs: 2,
    signal: controller.signal,
    onProgress: (progress) => {
      // This step is pkg's, in a process of its own.
      if (progress.kind === 'step' && progress.step === 'executable') {
        setTimeout(() => controller.abort(), 100)
      }
    },
  })
  assert.equal(result.ok, false)
  assert.equal(result.error.code, 'ABORTED')
  assert.equal(result.error.cause, controller.signal.reason)
  assert.deepEqual(
    result.failed.map(({ error }) => error.cause === controller.signal.reason),
    [true, true],
  )
  assert.deepEqual(result.functions, [])
  assert.equal(existsSync(join(cwd, 'out')), false)
  assert.deepEqual(processesIn(cwd), [])

  const later = await build({ cwd, signal: controller.signal })
  assert.equal(later.ok || later.error.code, 'ABORTED')
})

/** Those that a build started for the project: their command lines name files in it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return ''
      }
    })
    .filter((line) => line.includes(folder))
}

test('the longest entries begin first, and what came of them is told in the order of the functions', async (t) => {
  const broken = (lines: number) => `${'// more\n'.repeat(lines)}export const handler = (\n`
  const entries = [1, 30, 2, 20].map((lines, index) => [`src/f${index}.ts`, broken(lines)])
  const cwd = writeFiles(temporaryFolder(t), { 'package.json': {}, ...Object.fromEntries(entries) })
  for (const [jobs, order] of [
    [2, ['f1', 'f3', 'f2', 'f0']],
    [1, ['f0', 'f1', 'f2', 'f3']],
  ] as const) {
    const begun: string[] = []
    const { failed } = await build({
      cwd,
      jobs,
      functions: entries.map(([entry = '']) => entry),
      onProgress: (progress) => {
        if (progress.kind === 'step') {
          begun.push(progress.name)
        }
      },
    }).then((result) => (result.ok ? { failed: [] } : result))
    // Of those that are built side by side, either may tell first.
    assert.deepEqual(begun.slice(0, jobs).toSorted(), order.slice(0, jobs).toSorted())
    assert.deepEqual(begun.toSorted(), ['f0', 'f1', 'f2', 'f3'])
    assert.deepEqual(
      failed.map(({ name }) => name),
      ['f0', 'f1', 'f2', 'f3'],
    )
  }
})

test('build has no output of its own', async (t) => {
  const cwd = project(t)
  const api = fileURLToPath(new URL('../../src/api.ts', import.meta.url))
  const program = `
    import { build } from ${JSON.stringify(api)}
    const { ok } = await build({ cwd: ${JSON.stringify(cwd)}, functions: ['users'] })
    process.exitCode = ok ? 7 : 1`
  writeFiles(cwd, { 'program.mjs': program })
  const ended = await promisify(execFile)(process.execPath, [join(cwd, 'program.mjs')]).then(
    () => assert.fail('it ends with 7'),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  )
  assert.deepEqual(ended, { code: 7, stdout: '', stderr: '' })
})
