import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { findPinnedNode, pinnedVersions } from '../../../bin/pinned-node.js'
import { BaseNodeError, prepareBaseNode } from '../../../src/compiler/base-node/base-node.ts'
import type { Architecture } from '../../../src/compiler/elf/elf-file.ts'
import {
  temporaryCacheHome,
  temporaryFolder,
  writeExecutable,
} from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

const here: Architecture = process.arch === 'arm64' ? 'arm64' : 'x64'
const other: Architecture = here === 'x64' ? 'arm64' : 'x64'
const noFetch = (message: string) => assert.fail(message)

/** A cache folder of the test's own. */
function freshCache(t: TestContext): string {
  return join(temporaryCacheHome(t), 'lambdabin', 'base-node')
}

test('versions.json pins what the lock file locks', () => {
  const require = createRequire(import.meta.url)
  const lock = JSON.parse(readFileSync(require.resolve('../../../package-lock.json'), 'utf8'))
  for (const { name, integrity } of Object.values(pinnedVersions.packages)) {
    const locked = lock.packages[`node_modules/${name}`]
    assert.equal(locked.version, pinnedVersions.version)
    assert.equal(locked.integrity, integrity)
  }
})

test('the base is a stripped copy, made once and used again', async (t) => {
  const cache = freshCache(t)
  const first = await prepareBaseNode(here, process.execPath, noFetch)
  assert.equal(first.version, process.versions.node)
  assert.equal(first.generator, process.execPath)
  assert.ok(statSync(first.path).size < statSync(process.execPath).size)
  const made = statSync(first.path)
  const again = await prepareBaseNode(here, process.execPath, noFetch)
  assert.equal(again.path, first.path)
  assert.equal(statSync(again.path).ino, made.ino)
  assert.equal(readdirSync(cache).length, 1, 'nothing but the copy is left in the cache')
})

test('projects that have the pinned Node.js each in a place of their own share the copy', async (t) => {
  const cache = freshCache(t)
  const pinned = await findPinnedNode(here)
  t.after(() => {
    delete process.env.LAMBDABIN_BASE_NODES
  })
  const prepareAnother = async () => {
    const nodes = temporaryFolder(t)
    mkdirSync(join(nodes, here, 'bin'), { recursive: true })
    copyFileSync(pinned, join(nodes, here, 'bin', 'node'))
    process.env.LAMBDABIN_BASE_NODES = nodes
    return { nodes, ...(await prepareBaseNode(here, undefined, noFetch)) }
  }
  const first = await prepareAnother()
  const second = await prepareAnother()
  assert.equal(second.path, first.path)
  assert.equal(second.original, join(second.nodes, here, 'bin', 'node'))
  assert.equal(readdirSync(cache).length, 1)
})

test('a copy that is not as it was made is made again before it is run', async (t) => {
  const cache = freshCache(t)
  const { path } = await prepareBaseNode(here, process.execPath, noFetch, ['en'])
  const good = readFileSync(path)
  writeFileSync(path, Buffer.concat([good.subarray(0, -1), Buffer.from('!')]))
  const said: string[] = []
  const again = await prepareBaseNode(here, process.execPath, (message) => said.push(message), ['en'])
  assert.equal(again.path, path)
  assert.ok(readFileSync(path).equals(good))
  assert.deepEqual(said, [`${join(cache, basename(dirname(path)))} is not as it was made; it is made again`])
})

test('versions.json pins the binary of the package, too', async () => {
  const binary = await findPinnedNode(here)
  const sha256 = createHash('sha256').update(readFileSync(binary)).digest('hex')
  assert.equal(sha256, pinnedVersions.packages[here].sha256)
})

test('there is a copy for each choice of locales, whatever their order', async (t) => {
  const cache = freshCache(t)
  const base = (locales?: string[]) => prepareBaseNode(here, process.execPath, noFetch, locales)
  const paths = [await base(), await base(['en', 'ja']), await base(['ja', 'en'])].map(({ path }) => path)
  assert.equal(new Set(paths).size, 2)
  assert.equal(paths[1], paths[2])
  assert.equal(readdirSync(cache).length, 2)
})

test('a copy that no build has used for a month goes when another is made', async (t) => {
  const cache = freshCache(t)
  const monthAgo = Date.now() / 1000 - 31 * 86_400
  for (const locale of ['en', 'ja']) {
    const { path } = await prepareBaseNode(here, process.execPath, noFetch, [locale])
    utimesSync(dirname(path), monthAgo, monthAgo)
  }
  const used = await prepareBaseNode(here, process.execPath, noFetch, ['ja'])
  const made = await prepareBaseNode(here, process.execPath, noFetch, ['de'])
  assert.deepEqual(
    readdirSync(cache)
      .map((name) => join(cache, name, 'node'))
      .sort(),
    [used.path, made.path].sort(),
  )
})

test('two builds at once both get their base', async (t) => {
  const cache = freshCache(t)
  const bases = await Promise.all([1, 2, 3].map(() => prepareBaseNode(here, process.execPath, noFetch)))
  assert.equal(new Set(bases.map(({ path }) => path)).size, 1)
  assert.equal(readdirSync(cache).length, 1)
})

test('another binary at the same path is stripped anew', async (t) => {
  freshCache(t)
  const folder = temporaryFolder(t)
  const node = join(folder, 'node')
  copyFileSync(process.execPath, node)
  const first = await prepareBaseNode(here, node, noFetch)
  utimesSync(node, 1e9, 1e9)
  const second = await prepareBaseNode(here, node, noFetch)
  assert.notEqual(second.path, first.path)
})

async function refusal(path: string, arch: Architecture = here): Promise<string> {
  const error = await prepareBaseNode(arch, path, noFetch).then(
    () => assert.fail('it was accepted'),
    (thrown) => thrown,
  )
  assert.ok(error instanceof BaseNodeError, error.stack)
  return error.message
}

test('what is no Node.js is refused as a base, with what it is', async (t) => {
  const cache = freshCache(t)
  const folder = writeFiles(temporaryFolder(t), { text: 'hello'.repeat(100) })
  assert.match(await refusal(join(folder, 'nowhere')), /nowhere cannot be read; check the path/)
  assert.match(await refusal(folder), /cannot be read/)
  assert.match(await refusal(join(folder, 'text')), /text is not an ELF file/)
  assert.match(await refusal('/bin/sh'), /sh --version/)
  assert.match(
    await refusal(process.execPath, other),
    new RegExp(`is for ${here}, and the executable is to be for ${other}`),
  )
  assert.throws(() => statSync(cache), { code: 'ENOENT' }, 'nothing was cached')
})

test('a binary for another architecture that is no Node.js is refused without being run', async (t) => {
  freshCache(t)
  const program = Buffer.from(readFileSync('/bin/sh'))
  program.writeUInt16LE(other === 'arm64' ? 183 : 62, 18)
  const path = join(writeFiles(temporaryFolder(t), { program }), 'program')
  assert.match(await refusal(path, other), /holds no version of Node\.js/)
})

test('a Node.js of another architecture is read for its version, which must be new enough', async (t) => {
  freshCache(t)
  const program = (version: string) => {
    const bytes = Buffer.concat([
      readFileSync('/bin/sh'),
      Buffer.from(`\0/download/node-v${version}.tar.gz\0`),
    ])
    bytes.writeUInt16LE(other === 'arm64' ? 183 : 62, 18)
    return bytes
  }
  const folder = writeFiles(temporaryFolder(t), { old: program('20.1.0'), odd: program('22.0.1') })
  assert.match(
    await refusal(join(folder, 'old'), other),
    /is Node\.js 20\.1\.0, and an executable needs 22 or later/,
  )
  assert.match(await refusal(join(folder, 'odd'), other), /takes Node\.js 22\.0\.1 on this machine/)
})

test('a cache folder that cannot be made is told by its name', async (t) => {
  freshCache(t)
  const folder = temporaryFolder(t)
  writeExecutable(join(folder, 'file'), '')
  process.env.XDG_CACHE_HOME = join(folder, 'file')
  assert.match(
    await refusal(process.execPath),
    /the cache folder .*file\/lambdabin cannot be written; set XDG_CACHE_HOME/,
  )
})
