import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { cacheFolder, findPinnedNode } from '../../../../bin/pinned-node.js'
import { compileBuiltins } from '../../../../src/compiler/base-node/builtin-code/compile-builtins.ts'
import { findEmbeddedCaches } from '../../../../src/compiler/base-node/builtin-code/embedded-caches.ts'
import { readCodeCacheHeader } from '../../../../src/compiler/base-node/code-cache-header.ts'
import { makeNodeSmaller } from '../../../../src/compiler/base-node/smaller-node.ts'
import { findTargetRunner, type TargetRunner } from '../../../../src/compiler/base-node/target-runner.ts'
import { parseElf } from '../../../../src/compiler/elf/elf-file.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'

const MODULES = ['https', '_http_client', 'internal/tls/wrap', 'net', 'internal/deps/undici/undici']

/**
 * Loads modules that a first HTTPS request needs, calls nothing in them, and tells how many bytes of code there are of each:
 * V8 gives the code that it has out again when the same text is compiled.
 */
const CODE_SIZES = `
  process.getBuiltinModule('node:https')
  void fetch('data:,').catch(() => {})
  const sources = process.binding('natives')
  const parameters = ['exports', 'require', 'module', 'process', 'internalBinding', 'primordials']
  const sizes = ${JSON.stringify(MODULES)}.map((id) =>
    require('node:vm').compileFunction(sources[id], parameters, { filename: 'node:' + id, produceCachedData: true }).cachedData.length)
  process.stdout.write(JSON.stringify(sizes))`

/** Other versions of Node.js, where they were fetched before. */
const OTHERS = ['22.23.3', '26.12.1'].map((version) =>
  join(cacheFolder(), `node-${version}-${process.arch}`, 'bin', 'node'),
)

async function codeSizes(command: readonly string[]): Promise<number[]> {
  const [program = '', ...words] = command
  const { stdout } = await promisify(execFile)(program, [...words, '--no-warnings', '-e', CODE_SIZES], {
    env: {},
  })
  return JSON.parse(stdout)
}

async function compile(t: TestContext, file: string, runner: TargetRunner) {
  const executable = makeNodeSmaller(readFileSync(file), file, undefined)
  const folder = temporaryFolder(t)
  const { bytes, kept } = await compileBuiltins(executable, file, runner, join(folder, 'making'))
  const node = join(folder, 'compiled')
  writeFileSync(node, bytes, { mode: 0o755 })
  return { executable, bytes, kept, command: [...runner, node] }
}

/** Most of the code that a first request runs is there before it was called. */
function checkSizes(before: readonly number[], after: readonly number[]): void {
  for (const [index, id] of MODULES.entries()) {
    const [plain = 0, compiled = 0] = [before[index], after[index]]
    assert.ok(compiled > plain * 1.25, `${id}: ${plain} bytes of code before, ${compiled} after`)
  }
}

test('what an HTTPS request runs of Node.js is compiled before it is called', async (t) => {
  const { bytes, kept, command, executable } = await compile(t, process.execPath, [])
  assert.equal(kept, undefined)
  checkSizes(await codeSizes([process.execPath]), await codeSizes(command))
  assert.equal(bytes.length, executable.length)
  // The same again makes the same bytes: packages of the same sources are the same.
  const again = await compile(t, process.execPath, [])
  assert.ok(again.bytes.equals(bytes))
  // And once is enough, as for a binary that was prepared before.
  const twice = await compileBuiltins(bytes, 'node', [], join(temporaryFolder(t), 'making'))
  assert.ok(twice.bytes === bytes && twice.kept === undefined)
})

test('tools for developers come without code caches, and work', async (t) => {
  const { command } = await compile(t, process.execPath, [])
  const [node = ''] = command
  const program = `
    const called = require('node:test').mock.fn(() => 1)
    const { PassThrough } = require('node:stream')
    require('node:repl').start({ input: new PassThrough().end(), output: new PassThrough() })
    const { compiledWithoutCache } = require('internal/test/binding').internalBinding('builtins').getCacheUsage()
    process.stdout.write(JSON.stringify([called(), ...compiledWithoutCache]))`
  const run = (...words: string[]) => promisify(execFile)(node, words, { env: {} })
  const { stdout } = await run('--expose-internals', '--no-warnings', '-e', program)
  const [result, ...without] = JSON.parse(stdout.slice(stdout.indexOf('[')))
  assert.equal(result, 1)
  assert.ok(without.includes('internal/test_runner/mock/mock'), `${without}`)
  assert.ok(without.includes('repl'), `${without}`)
  // Nothing else is compiled anew.
  assert.deepEqual(
    without.filter((id: string) => !/test|repl|watch_mode/.test(id)),
    [],
  )
  const file = join(temporaryFolder(t), 'orders.test.mjs')
  writeFileSync(file, "import { test } from 'node:test'; test('adds up', () => {})")
  const tested = await run('--test', '--test-reporter=tap', file)
  assert.match(tested.stdout, /^# pass 1$/m)
})

for (const file of OTHERS) {
  const skip = existsSync(file) ? false : `${file} is not there`
  test(`so it is in another version: ${file.slice(cacheFolder().length)}`, { skip }, async (t) => {
    const { kept, command } = await compile(t, file, [])
    assert.equal(kept, undefined)
    checkSizes(await codeSizes([file]), await codeSizes(command))
  })
}

test('so it is for the other architecture, as far as its compiler let each cache be moved by itself', {
  timeout: 300_000,
}, async (t) => {
  const arch = process.arch === 'x64' ? 'arm64' : 'x64'
  const file = await findPinnedNode(arch)
  const runner = await findTargetRunner(file, arch)
  if (runner === undefined) {
    t.skip(`nothing for ${arch} runs here (Debian: qemu-user-static libstdc++6-arm64-cross)`)
    return
  }
  const { kept, command } = await compile(t, file, runner)
  assert.equal(kept, undefined)
  const [before, after] = [await codeSizes([...runner, file]), await codeSizes(command)]
  const grown = MODULES.filter((_, index) => (after[index] ?? 0) > (before[index] ?? 0) * 1.5)
  assert.ok(grown.length > MODULES.length / 2, `${grown}`)
})

test('a Node.js that cannot be run here, or is not as is known, is left as it is, and the build is told why', async (t) => {
  const published = readFileSync(process.execPath)
  const attempt = (bytes: Buffer, runner: TargetRunner | undefined) =>
    compileBuiltins(bytes, 'node', runner, join(temporaryFolder(t), 'making'))
  const elsewhere = await attempt(published, undefined)
  assert.ok(elsewhere.bytes === published)
  assert.match(
    elsewhere.kept ?? '',
    /^this Node\.js compiles its own code .*: it cannot be run on this machine$/,
  )

  // With its unwind tables there is no room.
  const whole = await attempt(published, [])
  assert.ok(whole.bytes === published)
  assert.match(whole.kept ?? '', /there is no place for more of it$/)

  const other = Buffer.from(published)
  const header = await readCodeCacheHeader([process.execPath])
  const caches = findEmbeddedCaches(other, parseElf(other, 'node'), header) ?? []
  assert.ok(caches.length > 300)
  // Not where they are looked for: what refers to them leads to something else.
  for (const { offset } of caches) {
    other.fill(0, offset, offset + 8)
  }
  const unknown = await attempt(other, [])
  assert.ok(unknown.bytes === other)
  assert.match(unknown.kept ?? '', /its code caches are not where those of Node\.js 22, 24 and 26 are$/)

  const broken = await attempt(published, ['/bin/false'])
  assert.ok(broken.bytes === published)
  assert.match(broken.kept ?? '', /Command failed: \/bin\/false/)
})

test('a reference to a cache is found only where its length stands beside its address', async () => {
  const published = readFileSync(process.execPath)
  const elf = parseElf(published, 'node')
  const header = await readCodeCacheHeader([process.execPath])
  const found = (bytes: Buffer) =>
    (findEmbeddedCaches(bytes, elf, header) ?? []).filter(({ reference }) => reference !== undefined).length
  const all = found(published)
  const other = Buffer.from(published)
  const [first] = findEmbeddedCaches(other, elf, header) ?? []
  assert.ok(first)
  // Another length than the code says.
  other.writeUInt32LE(other.readUInt32LE(first.offset + 20) - 8, first.offset + 20)
  assert.equal(found(other), all - 1)
})
