/** `inspect` of the API: it ends when it is told to, and says what this machine cannot start. */

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { build, inspect } from '../../src/api.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

async function builtFolder(t: TestContext): Promise<{ cwd: string; folder: string }> {
  const cwd = realpathSync(
    temporaryFiles(t, { 'package.json': {}, 'orders.ts': 'export const handler = async () => 1' }),
  )
  const result = await build({ cwd, functions: 'orders.ts', only: 'folder' })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return { cwd, folder: join(cwd, 'dist/orders') }
}

/** Those whose command lines have `text`. */
function processesOf(text: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}

test('a signal ends an inspection soon, with its processes, and leaves no folder', async (t) => {
  const { cwd, folder } = await builtFolder(t)
  const temporary = mkdtempSync(join(cwd, 'temporary-'))
  const before = process.env.TMPDIR
  process.env.TMPDIR = temporary
  t.after(() => {
    delete process.env.TMPDIR
    Object.assign(process.env, before !== undefined && { TMPDIR: before })
  })
  for (const [options, ms] of [
    [{ start: true, runs: 100 }, 3000],
    [{}, 50],
  ] as const) {
    const controller = new AbortController()
    const inspecting = inspect({ package: folder, ...options, signal: controller.signal })
    let asked = 0
    setTimeout(() => {
      asked = performance.now()
      controller.abort(new Error('enough'))
    }, ms)
    const result = await inspecting
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'ABORTED')
    assert.ok(performance.now() - asked < 1000)
    assert.deepEqual(processesOf(temporary), [])
    assert.deepEqual(readdirSync(temporary), [])
  }
})

test('the starts of a package for another architecture are not measured, and it is said why', async (t) => {
  const { folder } = await builtFolder(t)
  const executable = join(folder, 'orders')
  const bytes = readFileSync(executable)
  const [other, machine] = process.arch === 'x64' ? (['arm64', 183] as const) : (['x64', 62] as const)
  bytes.writeUInt16LE(machine, 18)
  writeFileSync(executable, bytes)
  const { status, stderr } = await runLambdabin(['inspect', folder, '--start'])
  assert.match(
    stderr,
    new RegExp(
      `^lambdabin: expected a program for ${process.arch}, this machine's architecture, in .*, but orders is for ${other}; build it with`,
    ),
  )
  assert.equal(status, 2)
})
