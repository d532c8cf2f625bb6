import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { withWorkFolder } from '../../src/compiler/work-folder.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

test('a build that fails, and deletes the folder that it has made, takes none away from another build', async (t) => {
  const outDir = join(temporaryFolder(t), 'dist')
  const failing = async () => {
    const failure = new Error('no')
    await assert.rejects(
      withWorkFolder(outDir, async (folder) => {
        assert.ok(existsSync(folder))
        await setImmediate()
        throw failure
      }),
      failure,
    )
  }
  // Of several at a time, one makes the folder as another deletes it.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let build = 0; build < 200; build++) {
        await failing()
      }
    }),
  )
})
