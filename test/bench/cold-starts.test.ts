/** What the benchmark changes of the system for starts with nothing in memory, and sets back. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { ChunkStoreError, compileChunkStore, fromChunkStore } from '../../scripts/bench/cold/chunk-store.ts'
import { ReadAheadError, withDiskReadAhead } from '../../scripts/bench/cold/disk-read-ahead.ts'
import type { Contender } from '../../scripts/bench/contenders.ts'
import { compileC, hasCommand, runUnderServer } from '../../scripts/bench/runtime-api-server.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { eventually } from '../support/eventually.ts'

const CHUNK_BYTES = 524_288

function programIn(cwd: string, program: string, env: Record<string, string>): Contender {
  const about = { function: 'echo', id: 'c', name: 'C', note: '' } as const
  return { ...about, command: [program], shipped: [program], env, cwd, event: '{}' }
}

const hasCompiler = hasCommand('cc', '--version')

test('a chunk of a file takes its time when it is first touched, and is counted once', {
  skip: !hasCompiler && 'there is no cc',
}, async (t) => {
  const folder = temporaryFolder(t)
  let store: string
  try {
    store = compileChunkStore(folder)
  } catch (error) {
    assert.ok(error instanceof ChunkStoreError, String(error))
    t.skip(error.message)
    return
  }
  const server = compileC('runtime-api-server', folder)
  const shipped = join(folder, 'shipped')
  mkdirSync(shipped)
  const program = join(shipped, 'bare-runtime')
  copyFileSync(compileC('bare-runtime', folder), program)
  // The program itself is on the first chunk.
  truncateSync(program, 3 * CHUNK_BYTES)
  const contender = programIn(shipped, program, { TASK_ROOT: shipped })
  const start = (milliseconds: number) =>
    fromChunkStore(store, contender, milliseconds, (runtime) => {
      assert.notEqual(runtime.command[0], program)
      assert.equal(runtime.env.TASK_ROOT, runtime.cwd)
      assert.equal(readFileSync(runtime.command[0]).length, 3 * CHUNK_BYTES)
      return runUnderServer(server, runtime, { invocations: 1, cpu: undefined })
    })
  const [quick, slow] = [await start(0), await start(100)]
  assert.deepEqual([quick.chunks, slow.chunks], [3, 3])
  assert.equal(quick.bytes, 3 * CHUNK_BYTES)
  assert.equal(existsSync(join(folder, 'store-')), false)
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(folder))
})

test('what fails from the store is unmounted, too', { skip: !hasCompiler && 'there is no cc' }, async (t) => {
  const folder = temporaryFolder(t)
  let store: string
  try {
    store = compileChunkStore(folder)
  } catch (error) {
    assert.ok(error instanceof ChunkStoreError, String(error))
    t.skip(error.message)
    return
  }
  const file = join(folder, 'file')
  writeFileSync(file, 'text')
  const contender = programIn(folder, file, {})
  const failing = fromChunkStore(store, contender, 0, async () => {
    throw new Error('on purpose')
  })
  await assert.rejects(failing, /on purpose/)
  assert.doesNotMatch(readFileSync('/proc/mounts', 'utf8'), new RegExp(folder))
})

const skip = isSettable() ? false : 'setting how far a disk reads ahead takes root, and a disk'

function setting(): string {
  const device = execFileSync('stat', ['-c', '%Hd:%Ld', tmpdir()], { encoding: 'utf8' }).trim()
  return `/sys/class/bdi/${device}/read_ahead_kb`
}

function isSettable(): boolean {
  return process.getuid?.() === 0 && existsSync(setting())
}

const current = () => Number(readFileSync(setting(), 'utf8'))

test('the disk reads so far ahead while it is measured, and as before afterwards', { skip }, async () => {
  const before = current()
  assert.equal(await withDiskReadAhead(tmpdir(), 136, async () => current()), 136)
  assert.equal(current(), before)
  const failing = withDiskReadAhead(tmpdir(), 136, async () => {
    throw new Error('on purpose')
  })
  await assert.rejects(failing, /on purpose/)
  assert.equal(current(), before)
})

test('it is set back when the benchmark is killed', { skip, timeout: 30_000 }, async () => {
  const before = current()
  const module = new URL('../../scripts/bench/cold/disk-read-ahead.ts', import.meta.url)
  const script = `import { withDiskReadAhead } from ${JSON.stringify(module.href)}
    await withDiskReadAhead(${JSON.stringify(tmpdir())}, 136, () => new Promise(() => setTimeout(() => {}, 60_000)))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  await eventually(() => current() === 136, 'it is set')
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  await eventually(() => current() === before, 'it is set back')
})

test('a folder on no disk is refused', async () => {
  await assert.rejects(
    withDiskReadAhead('/proc', 136, async () => {}),
    ReadAheadError,
  )
})
