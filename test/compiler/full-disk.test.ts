/** Which disk is told to be full. */

import assert from 'node:assert/strict'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { explainFullDisk, FullDiskError } from '../../src/compiler/full-disk.ts'
import { temporaryCacheHome, temporaryFolder } from '../support/emulator/fixture-package.ts'

const skip = process.platform !== 'linux' && 'of /proc, Linux says that there is no space'

function explained(error: unknown, outDir?: string): string {
  const told = explainFullDisk(error, outDir)
  assert.ok(told instanceof FullDiskError)
  return told.message
}

/** What a write rejects with: it names no path. */
const writing = () =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })

/** The cache folder is on a disk without space until the test ends. */
function fullCache(t: TestContext): void {
  temporaryCacheHome(t)
  process.env.XDG_CACHE_HOME = '/proc'
}

test('the disk of the cache folder, where that is full and the error names no place', { skip }, (t) => {
  fullCache(t)
  const outDir = temporaryFolder(t)
  assert.equal(
    explained(writing(), outDir),
    `there is no space left on the disk of /proc/lambdabin; a build writes up to 400 MB in ${outDir}, and 150 in the cache folder: make room, or set XDG_CACHE_HOME to another folder`,
  )
})

test('that of the folder for packages, where that is', { skip }, (t) => {
  temporaryCacheHome(t)
  assert.match(
    explained(writing(), '/proc/dist'),
    /^there is no space left on the disk of \/proc\/dist; .*make room, or give another folder with --out-dir$/,
  )
})

test('that of the place that the error names', (t) => {
  const cache = temporaryCacheHome(t)
  const path = `${cache}/lambdabin/base-node/1`
  const copying = Object.assign(writing(), { path: '/usr/bin/node', dest: path })
  assert.match(
    explained(new Error('it failed', { cause: copying }), '/dist'),
    /the disk of \S+\/base-node\/1; .*XDG_CACHE_HOME/,
  )
})

test('prefetch fills the cache folder alone, and tar says in words that its disk is full', { skip }, (t) => {
  fullCache(t)
  assert.equal(
    explained(new Error('tar could not unpack it: Cannot write: No space left on device')),
    'there is no space left on the disk of /proc/lambdabin; up to 600 MB are written in the cache folder: make room, or set XDG_CACHE_HOME to another folder',
  )
})

test('another error stays as it is', () => {
  const error = new Error('ENOENT: no such file or directory')
  assert.equal(explainFullDisk(error, '/dist'), error)
})
