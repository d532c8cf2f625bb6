import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { PackageFolder, packagePlace } from '../../../src/compiler/package/package-folder.ts'
import { PlacingError, placing } from '../../../src/compiler/package/placing.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

const MESSAGE =
  /^expected to put what is built at \S+orders, and the system does not let it be changed there \(\w+\); see whose/

test('a place that the system does not let be changed is told in a sentence, and what else fails as it is', async () => {
  const failing = (error: Error) => placing('/dist/orders', () => Promise.reject(error))
  for (const code of ['EACCES', 'EPERM', 'EROFS', 'EBUSY']) {
    await assert.rejects(failing(Object.assign(new Error(code), { code })), (error: Error) => {
      assert.ok(error instanceof PlacingError)
      assert.match(error.message, MESSAGE)
      return true
    })
  }
  const other = new Error('ENOSPC')
  await assert.rejects(failing(other), other)
})

test('so is a folder that its user may not rename', {
  skip: process.getuid?.() === 0 && 'root may rename all',
}, async (t) => {
  const folder = temporaryFiles(t, { 'work/kept': '', 'dist/kept': '' })
  const draft = await PackageFolder.create(join(folder, 'work/package'), 'orders', undefined)
  chmodSync(join(folder, 'dist'), 0o500)
  const place = { ...packagePlace(join(folder, 'dist'), 'orders'), only: 'folder' } as const
  const publishing = draft
    .publish(undefined, place, { content: 'function', entry: join(folder, 'orders.ts') })
    .finally(() => chmodSync(join(folder, 'dist'), 0o700)) // So that it can be deleted.
  await assert.rejects(publishing, { name: 'PlacingError', message: MESSAGE })
})
