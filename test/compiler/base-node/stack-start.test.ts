import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { answerStackStart } from '../../../src/compiler/base-node/stack-start.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const LIBRARY = fileURLToPath(new URL('../../fixtures/base-node/stack-start.c', import.meta.url))
const NOTE = /looks up where its stack begins/
const GCC = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }
const { architecture } = parseElf(readFileSync(process.execPath), 'node')

const published = readFileSync(process.execPath)

/** What a program that collects garbage in its own thread and in a Worker's prints, with the library loaded before it. */
function run(command: readonly string[], library: string): string[] {
  const work = 'for (let i = 0; i < 3; i++) { gc(); new Array(1e5).fill({}).map(() => [1]) }'
  const program = `${work}; new (require('node:worker_threads').Worker)(${JSON.stringify(work)}, { eval: true })`
  const [path = '', ...words] = command
  const { stderr, status } = spawnSync(path, [...words, '--expose-gc', '-e', program], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: library },
    timeout: 120_000,
  })
  assert.equal(status, 0, stderr)
  const lines = stderr.trim().split('\n')
  // Threads that help to collect garbage ask, too, at times.
  return lines.filter((line, index) => line !== lines[index - 1])
}

/** The library for `arch`, and how such programs run here; undefined where either cannot be had. */
async function prepare(t: TestContext, arch: Architecture) {
  const runner = await findTargetRunner(await findPinnedNode(arch), arch)
  const compiler = arch === architecture ? 'cc' : GCC[arch]
  if (runner === undefined || spawnSync(compiler, ['--version']).status !== 0) {
    t.skip(`nothing here runs or compiles programs for ${arch}`)
    return undefined
  }
  const folder = temporaryFolder(t)
  const library = join(folder, 'stack-start.so')
  const undefinedIsNodes = '-Wl,--unresolved-symbols=ignore-all'
  execFileSync(compiler, ['-shared', '-fPIC', undefinedIsNodes, '-o', library, LIBRARY, '-ldl'])
  return { runner, library, node: join(folder, 'node') }
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`where the first thread's stack begins is the same as before, and is not looked up, ${arch}`, {
    timeout: 300_000,
  }, async (t) => {
    const prepared = await prepare(t, arch)
    if (prepared !== undefined) {
      const { runner, library, node } = prepared
      const original = await findPinnedNode(arch)
      const answered = answerStackStart(readFileSync(original), original)
      assert.equal(answered.kept, undefined)
      writeFileSync(node, answered.bytes, { mode: 0o755 })
      // In the end, the library asks V8's function itself, which asks for the first thread.
      const last = ['taken from the dynamic linker', 'first asks', 'V8 agrees']
      assert.deepEqual(run([...runner, original], library), ['first asks', 'another asks', ...last])
      assert.deepEqual(run([...runner, node], library), ['another asks', ...last])
    }
  })
}

test('no more is changed than the two calls, the code, and how long the segment is', () => {
  const { bytes } = answerStackStart(published, 'node')
  const changed = bytes.reduce((count, byte, at) => count + (byte === published[at] ? 0 : 1), 0)
  assert.ok(changed > 20 && changed < 60, `${changed} bytes`)
  assert.equal(bytes.length, published.length)
  // The calls lead elsewhere then.
  const again = answerStackStart(bytes, 'node')
  assert.match(again.kept ?? '', NOTE)
  assert.equal(again.bytes, bytes)
})

/** Where the function's code is, or that of one that calls it. */
function codeIn(bytes: Buffer, name: RegExp): number {
  return findSymbol(bytes, parseElf(bytes, 'node'), name)?.offset ?? assert.fail(`${name} is exported`)
}

/** Its call stands elsewhere, and so leads elsewhere. */
function moveCaller(bytes: Buffer): void {
  const at = codeIn(bytes, /5Stack13GetStackStartEv$/)
  bytes.copy(bytes, at + 4, at, at + 32)
}

function changeEnd(bytes: Buffer): void {
  const at = codeIn(bytes, /29ObtainCurrentThreadStackStartEv$/)
  const half = at + 64
  bytes.copy(bytes, half + 4, half, half + 40)
}

function renameStackEnd(bytes: Buffer): void {
  const name = Buffer.from('\0__libc_stack_end\0')
  for (let at = bytes.indexOf(name); at !== -1; at = bytes.indexOf(name)) {
    bytes.write('X', at + 1)
  }
}

for (const [what, change] of [
  ['a caller is not as it is known', moveCaller],
  ['V8’s function ends otherwise', changeEnd],
  ['the dynamic linker tells it nothing', renameStackEnd],
] as const) {
  test(`where ${what}, all is left as it is, and the build is told`, () => {
    const other = Buffer.from(published)
    change(other)
    const { bytes, kept } = answerStackStart(other, 'node')
    assert.equal(bytes, other)
    assert.match(kept ?? '', NOTE)
  })
}
