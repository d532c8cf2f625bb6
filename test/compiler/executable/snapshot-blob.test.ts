/** Blobs that Node.js makes itself, and that it starts from after they were made smaller. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { withoutIdleCode } from '../../../src/compiler/executable/snapshot-blob.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { occurrences } from '../../support/occurrences.ts'

const SNAPSHOT_MAGIC = Buffer.from([0x19, 0xda, 0x43, 0x01])
const ASSET = 'an asset that is here as it is'
const SCRIPT = `
const answer = { of: 'the heap' }
require('node:zlib')
require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
  const { gzipSync, gunzipSync } = require('node:zlib')
  const { STATUS_CODES } = require('node:http')
  answer.zipped = gunzipSync(gzipSync('zipped')).toString()
  answer.loadedLater = STATUS_CODES[404]
  process.stdout.write(JSON.stringify(answer))
})`

let folder = ''
let blob: Buffer = Buffer.alloc(0)

function makeBlob(useSnapshot: boolean): Buffer {
  const files = { main: join(folder, 'main.js'), asset: join(folder, 'asset.txt') }
  const [config, output] = [join(folder, 'config.json'), join(folder, 'blob')]
  writeFileSync(files.main, SCRIPT)
  writeFileSync(files.asset, ASSET)
  const assets = { asset: files.asset }
  const settings = { main: files.main, output, assets, useSnapshot, disableExperimentalSEAWarning: true }
  writeFileSync(config, JSON.stringify(settings))
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'ignore', timeout: 60_000 })
  return readFileSync(output)
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-snapshot-blob-'))
  blob = makeBlob(true)
})
after(() => rmSync(folder, { recursive: true, force: true }))

function snapshotOf(bytes: Buffer): Buffer {
  const at = bytes.indexOf(SNAPSHOT_MAGIC)
  return bytes.subarray(at, at + Number(bytes.readBigUInt64LE(at - 8)))
}

function run(t: TestContext, snapshot: Buffer): unknown {
  const file = join(temporaryFolder(t), 'snapshot')
  writeFileSync(file, snapshot)
  return JSON.parse(execFileSync(process.execPath, ['--snapshot-blob', file], { timeout: 60_000 }).toString())
}

/** The name of a module as the snapshot has it, behind its length. */
function named(module: string): Buffer {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(module.length))
  return Buffer.concat([length, Buffer.from(module)])
}

test('a snapshot does as before, with less code: what it has loaded is there by name only', (t) => {
  const smaller = withoutIdleCode(blob) ?? assert.fail('its form is not known')
  assert.ok(smaller.length < blob.length - 1_500_000, `${blob.length} bytes became ${smaller.length}`)
  const [from, to] = [snapshotOf(blob), snapshotOf(smaller)]
  const expected = { of: 'the heap', zipped: 'zipped', loadedLater: 'Not Found' }
  assert.deepEqual(run(t, from), expected)
  assert.deepEqual(run(t, to), expected)
  for (const [module, before, after] of [
    ['zlib', 2, 1],
    ['internal/streams/readable', 2, 1],
    ['http', 1, 1],
    ['internal/http2/core', 1, 1],
    ['internal/main/worker_thread', 1, 1],
    ['internal/main/eval_string', 1, 0],
    ['internal/test_runner/test', 1, 0],
  ] as const) {
    assert.deepEqual(
      [occurrences(from, named(module)), occurrences(to, named(module))],
      [before, after],
      module,
    )
  }
})

test('nothing else in the blob changes', () => {
  const smaller = withoutIdleCode(blob) ?? assert.fail('its form is not known')
  const [from, to] = [snapshotOf(blob), snapshotOf(smaller)]
  const head = from.byteOffset - blob.byteOffset - 8
  assert.ok(smaller.subarray(0, head).equals(blob.subarray(0, head)))
  const rest = smaller.subarray(head + 8 + to.length)
  assert.ok(rest.equals(blob.subarray(head + 8 + from.length)))
  assert.ok(rest.includes(ASSET))
})

test('what is smaller stays as it is', () => {
  const smaller = withoutIdleCode(blob) ?? assert.fail('its form is not known')
  assert.ok(withoutIdleCode(smaller)?.equals(smaller))
})

test('a blob without a snapshot, or none at all, is not of a known form', () => {
  for (const bytes of [makeBlob(false), Buffer.alloc(0), SNAPSHOT_MAGIC, readFileSync('/bin/sh')]) {
    assert.equal(withoutIdleCode(bytes), undefined)
  }
})

test('property: a snapshot that is cut off, or whose numbers are wrong, is not of a known form', () => {
  const snapshot = snapshotOf(blob)
  const start = snapshot.byteOffset - blob.byteOffset
  fc.assert(
    fc.property(fc.integer({ min: start, max: blob.length }), (end) => {
      const cut = Buffer.from(blob.subarray(0, end))
      cut.writeBigUInt64LE(BigInt(end - start), start - 8)
      if (end === start + snapshot.length) {
        return
      }
      assert.equal(withoutIdleCode(cut), undefined)
    }),
    { examples: [[start], [start + 4], [start + 40], [start + snapshot.length - 1]], numRuns: 40 },
  )
  // The length of V8's part, after a type, three texts and a number.
  const lengthAt =
    start + 4 + 1 + 8 * 3 + process.version.length - 1 + process.arch.length + 'linux'.length + 4
  assert.ok(blob.readUInt32LE(lengthAt) > 1_000_000)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (wrong) => {
      if (wrong === blob.readUInt32LE(lengthAt)) {
        return
      }
      const damaged = Buffer.from(blob)
      damaged.writeUInt32LE(wrong, lengthAt)
      assert.equal(withoutIdleCode(damaged), undefined)
    }),
    { examples: [[0], [0xffff_ffff], [blob.length]], numRuns: 40 },
  )
})
