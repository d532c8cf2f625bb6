import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { withTemporaryFolder } from '../../src/api/temporary-folder.ts'
import { abandonable } from '../../src/compiler/unfinished-work.ts'
import { temporarySystemFolder } from '../support/emulator/fixture-package.ts'

const MODULE = new URL('../../src/api/temporary-folder.ts', import.meta.url)

test('the folder is there while the work is, and goes with what is in it, whether that ends well or not', async (t) => {
  const system = temporarySystemFolder(t)
  const work = async (folder: string) => {
    writeFileSync(join(folder, 'file'), '')
    return readdirSync(system).length
  }
  assert.equal(await withTemporaryFolder(work), 1)
  await assert.rejects(
    withTemporaryFolder(async (folder) => {
      await work(folder)
      throw new RangeError('asked to')
    }),
    /asked to/,
  )
  assert.deepEqual(readdirSync(system), [])
})

test('the folder of work that is abandoned goes at once', async (t) => {
  const system = temporarySystemFolder(t)
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<void>()
  const working = abandonable(controller.signal, () =>
    withTemporaryFolder(async (folder) => {
      controller.abort()
      assert.ok(!existsSync(folder))
      await promise
    }),
  )
  assert.deepEqual(readdirSync(system), [])
  resolve()
  await working
})

test('the folder of a process that was killed goes with the next one', async (t) => {
  const system = temporarySystemFolder(t)
  const script = `import { withTemporaryFolder } from ${JSON.stringify(MODULE)}
    await withTemporaryFolder(() => new Promise(() => process.stdout.write('made', () => setInterval(() => {}, 1000))))`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const [left = ''] = readdirSync(system)
  child.kill('SIGKILL')
  await once(child, 'close')
  assert.ok(existsSync(join(system, left)))
  await withTemporaryFolder(async () => assert.ok(!existsSync(join(system, left))))
})
