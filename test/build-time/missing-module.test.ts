import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { missingModule } from '../../src/build-time/missing-module.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

test('what is not shipped is missing in Node.js’s own words, and what is shipped is not', (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'node_modules/a/index.js': '',
    'node_modules/@s/b/index.js': '',
    'function.js': '',
  })
  const file = join(folder, 'function.js')
  for (const id of ['gone', '@s/gone', 'gone/lib', './gone.js']) {
    const missing = missingModule(id, folder, file)
    assert.throws(
      () => createRequire(file)(id),
      (error: Error) => {
        assert.deepEqual({ ...missing, message: missing?.message }, { ...error, message: error.message })
        return true
      },
    )
  }
  for (const id of ['a', 'a/lib', '@s/b', './node_modules/a/index.js']) {
    assert.equal(missingModule(id, folder, file), undefined)
  }
})
