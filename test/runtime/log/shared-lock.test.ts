import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { shareDescriptors, writeAll } from '../../../src/runtime/log/log-sink.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const lock = new Int32Array(new SharedArrayBuffer(4))
after(() => Atomics.store(lock, 0, 0))

test('the main thread does not wait for ever for a thread that was ended as it wrote, and leaves the lock to it', (t) => {
  const file = join(temporaryFolder(t), 'log')
  const descriptor = openSync(file, 'w')
  shareDescriptors({ lock, writer: 1 })
  writeAll(descriptor, Buffer.from('free\n'))
  assert.equal(Atomics.load(lock, 0), 0)
  Atomics.store(lock, 0, 7)
  writeAll(descriptor, Buffer.from('of a thread that has ended\n'))
  assert.equal(Atomics.load(lock, 0), 7)
  closeSync(descriptor)
  assert.equal(readFileSync(file, 'utf8'), 'free\nof a thread that has ended\n')
})
