import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { nodePartsOf, partsOfVersions } from '../../../src/compiler/sbom/node-parts.ts'

test('Node.js’s parts are those that the binary tells, by the names and versions of their projects', async () => {
  const parts = await nodePartsOf({ generator: process.execPath })
  const version = (name: string) => parts.find((part) => part.name === name)?.version
  assert.equal(version('openssl'), process.versions.openssl)
  assert.equal(version('libuv'), process.versions.uv)
  assert.equal(version('undici'), process.versions.undici)
  assert.equal(version('icu'), process.versions.icu)
  assert.equal(version('v8'), process.versions.v8.replace(/-node.*/, ''))
  assert.match(version('zlib') ?? '', /^\d+(\.\d+)+$/)
  for (const name of ['node', 'modules', 'napi']) {
    assert.equal(version(name), undefined)
  }
})

test('a part that is not known yet is told by its name, and one without a version not at all', () => {
  assert.deepEqual(partsOfVersions({ node: '30.0.0', novelty: '1.0.0', ngtcp2: '' }), [
    { name: 'novelty', purl: { type: 'generic' }, version: '1.0.0' },
  ])
})
