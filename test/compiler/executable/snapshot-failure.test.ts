import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSnapshotFailure } from '../../../src/compiler/executable/snapshot/snapshot-failure.ts'

test('an exception of C++ is told as a fault of Node.js’s own', () => {
  // As Node.js 22.23.3 prints it where there is a client of the AWS SDK in the heap.
  const stderr =
    "terminate called after throwing an instance of 'std::length_error'\n  what():  vector::_M_range_insert\nAborted\n"
  const { how, isHeldOutside } = readSnapshotFailure(stderr, 'exit status 134')
  assert.equal(
    how,
    'V8 cannot take a snapshot of it, by a fault of its own (vector::_M_range_insert) that another version of Node.js may not have',
  )
  assert.equal(isHeldOutside, false)
})

test('where Node.js has printed nothing of use, it is told how it ended', () => {
  assert.equal(
    readSnapshotFailure('\n', 'exit status 9').how,
    'V8 cannot take a snapshot of it (exit status 9)',
  )
})
