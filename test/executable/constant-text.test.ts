/** The text of a large function, which V8 reads where it is mapped from the executable. */

import assert from 'node:assert/strict'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findPinnedNode } from '../../bin/pinned-node.js'
import { build, invoke } from '../../src/api.ts'
import { findTargetRunner } from '../../src/compiler/base-node/target-runner.ts'
import { type Architecture, parseElf } from '../../src/compiler/elf/elf-file.ts'
import { writeExecutable } from '../support/emulator/fixture-package.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const TEXT_BYTES = 6e6
const MIB = 1_048_576
const { architecture } = parseElf(readFileSync(process.execPath), 'node')

/** MiB of memory that the process has for itself. */
const ANONYMOUS = `
  import { readFileSync } from 'node:fs'
  export const anonymous = () =>
    Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024`

/** Has strings of the executable's constants, and of its own memory, come and go, in its own thread and in a Worker's. */
const HANDLER = `
  import { getRawAsset } from 'node:sea'
  import { setFlagsFromString } from 'node:v8'
  import { runInNewContext } from 'node:vm'
  import { Worker } from 'node:worker_threads'
  import { anonymous } from './anonymous.ts'

  export const table = ${JSON.stringify('x'.repeat(TEXT_BYTES))}

  const inWorker = \`
    const { getRawAsset } = require('node:sea')
    globalThis.constant = Buffer.from(getRawAsset('function.js')).toString('latin1')
    globalThis.own = Buffer.alloc(3e6, 98).toString('latin1')
    require('node:worker_threads').parentPort.postMessage(constant.length + own.length)\`

  export const handler = async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc')
    const constant = Buffer.from(getRawAsset('function.js'))
    let texts = []
    // What runs a program for another architecture takes memory of its own now and then; a copy would take it each time.
    const inPlace = Math.min(...[1, 2, 3].map(() => {
      const before = anonymous()
      texts.push(constant.toString('latin1'))
      return anonymous() - before
    }))
    const isSame = texts.every((text) => Buffer.from(text, 'latin1').equals(constant))
    // In another buffer, the same bytes can be changed, and are no constants.
    const copy = Buffer.from(constant)
    const copied = copy.toString('latin1')
    copy.fill(0)
    const isCopied = copied.slice(0, 100) === texts[0].slice(0, 100)
    texts = []
    gc()
    const own = anonymous()
    for (let round = 0; round < 60; round++) {
      Buffer.alloc(4e6, 97 + (round % 20)).toString('latin1')
      gc()
    }
    const kept = anonymous() - own
    const worker = new Worker(inWorker, { eval: true })
    const inOther = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    await worker.terminate()
    return { length: constant.length, inPlace, isSame, isCopied, kept, inOther, table: table.length }
  }`

for (const arch of ['x64', 'arm64'] as const) {
  test(`strings of a program's constants are not copied, and others are, and are freed, ${arch}`, {
    timeout: 300_000,
  }, async (t) => {
    const runner = await findTargetRunner(await findPinnedNode(arch), arch)
    if (runner === undefined) {
      return t.skip(`nothing here runs programs for ${arch}`)
    }
    const payload = await answerOf(t, { 'large.ts': HANDLER, 'anonymous.ts': ANONYMOUS }, arch, runner)
    assert.ok(payload.inPlace < 2, `${payload.inPlace} MiB`)
    assert.ok(payload.kept < 30, `${payload.kept} MiB`)
    assert.equal(payload.isSame, true)
    assert.equal(payload.isCopied, true)
    assert.equal(payload.inOther, payload.length + 3e6)
    assert.equal(payload.table, TEXT_BYTES)
    return undefined
  })
}

test('a large text takes no memory of a start, and one that is not ASCII is as it was written', async (t) => {
  // What is not called is not compiled, and so is nothing but text.
  const entry = (pattern: string, length: number) => `
    import { anonymous } from './anonymous.ts'
    const later = () => console.log(${JSON.stringify('x'.repeat(length))})
    const first = anonymous()
    export const handler = async (event) => [first, 'né'.replace(${pattern}, '-'), event.never ? later : 0]`
  const answer = (pattern: string, length: number) =>
    answerOf(t, { 'large.ts': entry(pattern, length), 'anonymous.ts': ANONYMOUS })
  const [small] = await answer('/\\u00e9/', 6)
  const [large] = await answer('/\\u00e9/', TEXT_BYTES)
  const [other, replaced] = await answer('/é/', TEXT_BYTES)
  const size = TEXT_BYTES / MIB
  assert.ok(large - small < 0.4 * size, `${small} and ${large} MiB`)
  assert.equal(replaced, 'n-')
  assert.ok(other - large > 0.6 * size, `${large} and ${other} MiB`)
})

// biome-ignore lint/suspicious/noExplicitAny: what the functions above answer.
type Answer = any

/** What the function in `large.ts` answers, built for `arch` and run by `runner`. */
async function answerOf(
  t: TestContext,
  files: Record<string, string>,
  arch: Architecture = architecture,
  runner: readonly string[] = [],
): Promise<Answer> {
  const folder = temporaryFiles(t, files)
  const options = { outDir: `${folder}/dist`, config: false, only: 'folder', arch } as const
  const built = await build({ functions: [`${folder}/large.ts`], ...options })
  assert.ok(built.ok, built.ok ? '' : built.error.message)
  const executable = join(folder, 'dist', 'large', 'large')
  if (runner.length > 0) {
    renameSync(executable, `${executable}-target`)
    const words = runner.map((word) => `'${word}'`).join(' ')
    writeExecutable(executable, `#!/bin/sh\nexec ${words} "$0-target"\n`)
  }
  const result = await invoke<Answer>({
    package: `${folder}/dist/large`,
    config: false,
    timeout: 60,
    memory: 1024,
  })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  return result.payload
}
