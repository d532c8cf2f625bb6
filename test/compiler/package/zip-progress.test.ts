import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeZip } from '../../../src/compiler/package/write-zip.ts'
import { zipProgress } from '../../../src/compiler/package/zip-progress.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

test('while a package is compressed, it is told every five seconds how far that has come', async (t) => {
  const folder = temporaryFolder(t)
  const source = join(folder, 'orders')
  writeFileSync(source, randomBytes(5 << 21))
  const files = [{ path: 'orders', source, executable: true }]
  const told: string[] = []
  // Each piece, of 2 MiB, takes 3 s here.
  let clock = 0
  const hear = await zipProgress(
    files,
    (message) => told.push(message),
    () => clock,
  )
  await writeZip(files, join(folder, 'orders.zip'), 'fast', (bytes) => {
    clock += 3000
    hear(bytes)
  })
  assert.deepEqual(told, ['compressed 4 of 10 MB', 'compressed 8 of 10 MB'])
})
