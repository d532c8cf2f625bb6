/** Executables made of a template, beside those that pkg makes of the same parts: whole ones, of a Node.js that runs here. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { before, test } from 'node:test'
import type { BaseNode } from '../../../src/compiler/base-node/base-node.ts'
import { ElfFormatError, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { GatheredBytes } from '../../../src/compiler/elf/gathered-bytes.ts'
import { readNote, replaceNote } from '../../../src/compiler/elf/note-content.ts'
import { readProgramHeaders, SEGMENT_TYPE } from '../../../src/compiler/elf/program-headers.ts'
import { executableOfTemplate } from '../../../src/compiler/executable/executable-template.ts'
import { runPkg } from '../../../src/compiler/executable/run-pkg.ts'
import { withAssets } from '../../../src/compiler/executable/sea-blob.ts'
import { readSeaBlob } from '../../../src/inspect/package/sea-blob.ts'
import { temporaryCacheHome, temporaryFolder } from '../../support/emulator/fixture-package.ts'

const NOTE = 'NODE_SEA_BLOB'
const MAIN = Buffer.from('console.log(require("node:sea").getAsset("words.txt", "utf8"))')
const ASSETS = { 'words.txt': Buffer.from('größer'.repeat(30_000)) }
const base: BaseNode = {
  path: process.execPath,
  arch: process.arch as 'x64' | 'arm64',
  original: process.execPath,
  version: process.versions.node,
  generator: process.execPath,
  runner: [],
  notes: [],
}

let ofPkg: Buffer
/** Of pkg's file. */
let blob: Buffer

before(async (t) => {
  const folder = temporaryFolder(t as never)
  const output = join(folder, 'made')
  await runPkg({ main: MAIN, assets: ASSETS }, base, output, join(folder, 'parts'))
  ofPkg = readFileSync(output)
  blob = readNote(ofPkg, NOTE, output) as Buffer
})

test('an executable of a template has the bytes of the one that pkg makes, and the next takes no pkg', async (t) => {
  const cache = temporaryCacheHome(t)
  const folder = temporaryFolder(t)
  const made = await executableOfTemplate(MAIN, ASSETS, base, join(folder, 'first'))
  assert.ok(made?.toBuffer().equals(ofPkg), 'other bytes')
  assert.equal(readdirSync(join(cache, 'lambdabin/templates')).length, 1)

  // Whatever would run pkg fails.
  const without = { ...base, generator: '/nonexistent/node' }
  const other = await executableOfTemplate(
    MAIN,
    { 'words.txt': Buffer.from('short') },
    without,
    '/nonexistent',
  )
  assert.equal(other && readNote(other, NOTE, 'other')?.subarray(-5).toString(), 'short')
})

test('several assets are all there, in an executable that runs', async (t) => {
  temporaryCacheHome(t)
  const folder = temporaryFolder(t)
  const main = Buffer.from(`
    const { getAsset } = require('node:sea')
    console.log(JSON.stringify(['a.js', 'empty', 'größe', 'z.cache'].map((name) => getAsset(name, 'utf8').length)))`)
  const assets = {
    'z.cache': Buffer.alloc(200_001, 'z'),
    'a.js': Buffer.from('12345'),
    größe: Buffer.from('1234567'),
    empty: Buffer.alloc(0),
  }
  const made = await executableOfTemplate(main, assets, base, join(folder, 'template'))
  assert.ok(made)
  const file = join(folder, 'made')
  writeFileSync(file, made.toBuffer(), { mode: 0o755 })
  assert.deepEqual(JSON.parse(execFileSync(file, { encoding: 'utf8' })), [5, 0, 7, 200_001])
})

test('a note of any length takes the place of another, and back again', () => {
  for (const length of [1000, 1001, 0x10000, 3_000_001]) {
    const content = Buffer.alloc(length, 'x')
    const changed = replaceNote(GatheredBytes.of(ofPkg), NOTE, content, 'changed')
    assert.ok(changed)
    assert.ok(readNote(changed, NOTE, 'changed')?.equals(content), `${length}`)
    assert.ok(replaceNote(changed, NOTE, blob, 'changed')?.toBuffer().equals(ofPkg), `${length}`)
  }
})

test('a file that is laid out otherwise is left to pkg', () => {
  assert.equal(readNote(ofPkg, 'OTHER', 'made'), undefined)
  assert.equal(replaceNote(GatheredBytes.of(ofPkg), 'NODE_SEA', blob, 'made'), undefined)
  const longer = GatheredBytes.of(ofPkg, Buffer.alloc(1))
  assert.equal(
    replaceNote(longer, NOTE, blob, 'longer'),
    undefined,
    'something is behind the section headers',
  )
  assert.equal(readNote(readFileSync(process.execPath), NOTE, 'node'), undefined)
  assert.throws(() => readNote(Buffer.from('#!/bin/sh'), NOTE, 'script'), ElfFormatError)
})

test('a code cache begins in memory where V8 takes it as it is, and an executable finds each asset', async (t) => {
  temporaryCacheHome(t)
  const folder = temporaryFolder(t)
  const caches = Object.fromEntries(
    ['a', 'bcd', 'launcher'].map((name, index) => [`${name}.cache`, Buffer.alloc(index * 13 + 5, name)]),
  )
  const assets = { ...ASSETS, ...caches, 'last.js': Buffer.from('last') }
  const say = Buffer.from(`
    const { getAsset } = require('node:sea')
    console.log(${JSON.stringify(Object.keys(assets))}.map((name) => getAsset(name, 'utf8').length).join())`)
  const made = await executableOfTemplate(say, assets, base, join(folder, 'made'))
  const bytes = made?.toBuffer() ?? Buffer.alloc(0)
  const elf = parseElf(bytes, 'made')
  const read = readSeaBlob(bytes, elf)
  assert.deepEqual([...(read?.assets.keys() ?? [])].toSorted(), Object.keys(assets).toSorted())
  for (const name of Object.keys(caches)) {
    const start = read?.assets.get(name)?.start ?? 0
    const segment = readProgramHeaders(bytes, elf).find(
      ({ type, offset, fileSize }) =>
        type === SEGMENT_TYPE.load && start >= offset && start < offset + fileSize,
    )
    assert.ok(segment)
    assert.equal((start - segment.offset + segment.address) % 8, 0, name)
    assert.ok(bytes.subarray(start).indexOf(caches[name] ?? '') === 0)
  }
  const file = join(folder, 'executable')
  writeFileSync(file, bytes, { mode: 0o755 })
  assert.equal(execFileSync(file, { encoding: 'utf8' }), '180000,5,18,31,4\n')
})

test('a blob that does not end with the assets that it should have is left to pkg', () => {
  assert.ok(withAssets(blob, ASSETS, {}))
  assert.equal(withAssets(blob, { 'words.txt': Buffer.from('größer') }, {}), undefined)
  assert.equal(withAssets(blob, { 'word.txt': ASSETS['words.txt'] }, {}), undefined)
  assert.equal(withAssets(Buffer.alloc(3), ASSETS, {}), undefined)
})
