/** Snapshots that Node.js makes itself, and starts from after the code of its modules was compiled further. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import {
  type BuiltinWork,
  withCompiledModules,
} from '../../../src/compiler/executable/snapshot/compiled-modules.ts'
import { findCodeCache, findSnapshot } from '../../../src/compiler/executable/snapshot-blob.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

/** Loads what a request over HTTPS needs, and asks Node.js which of it V8 had to compile. Node.js counts that for its own tests. */
const PROGRAM = `
require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
  if (!process.execArgv.includes('--expose-internals')) return
  process.getBuiltinModule('node:https')
  process.getBuiltinModule('node:http2')
  const { internalBinding } = require('internal/test/binding')
  const { compiledWithCache, compiledWithoutCache } = internalBinding('builtins').getCacheUsage()
  process.stdout.write(JSON.stringify({ with: [...compiledWithCache], without: [...compiledWithoutCache] }))
})`
const CLIENT = ['https', '_http_client', '_http_outgoing', 'internal/tls/wrap']
const SERVER = ['_http_server']
const OTHER = ['internal/http2/core']

function makeBlob(folder: string, program: string): Buffer {
  const [main, config, output] = ['main.js', 'config.json', 'blob'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(main, program)
  writeFileSync(
    config,
    JSON.stringify({ main, output, useSnapshot: true, disableExperimentalSEAWarning: true }),
  )
  execFileSync(process.execPath, ['--experimental-sea-config', config], { stdio: 'ignore', timeout: 60_000 })
  return readFileSync(output)
}

function compile(folder: string, blob: Buffer, work: readonly BuiltinWork[]) {
  const taskRoot = join(folder, 'task')
  mkdirSync(taskRoot, { recursive: true })
  return withCompiledModules({
    blob,
    work,
    node: process.execPath,
    taskRoot,
    folder: join(folder, 'compiled'),
  })
}

function cacheLengths(blob: Buffer, modules: readonly string[]): number[] {
  const snapshot = findSnapshot(blob) ?? assert.fail('there is no snapshot')
  const { entries } = findCodeCache(snapshot) ?? assert.fail('its form is not known')
  return modules.map((id) => entries.find(({ module }) => module === id)?.cache.length ?? 0)
}

/** What the program says of a start. `--expose-internals` is an option that V8 does not know of, so no cache is another one for it. */
function start(t: TestContext, blob: Buffer): { with: string[]; without: string[] } {
  const file = join(temporaryFolder(t), 'snapshot')
  writeFileSync(file, findSnapshot(blob) ?? assert.fail('there is no snapshot'))
  const words = ['--expose-internals', '--no-warnings', '--snapshot-blob', file]
  return JSON.parse(execFileSync(process.execPath, words, { timeout: 60_000 }).toString())
}

test('a snapshot comes with what requests over HTTPS run of Node.js’s modules, and V8 takes it', async (t) => {
  const folder = temporaryFolder(t)
  const blob = makeBlob(folder, PROGRAM)
  const { blob: compiled, kept } = await compile(folder, blob, ['https'])
  assert.equal(kept, undefined)
  const [before, after] = [cacheLengths(blob, CLIENT), cacheLengths(compiled, CLIENT)]
  for (const [at, module] of CLIENT.entries()) {
    const [from = 0, to = 0] = [before[at], after[at]]
    assert.ok(to > 1.5 * from, `${module}: ${from} bytes became ${to}`)
  }
  // Neither rehearsed nor used.
  assert.deepEqual(cacheLengths(compiled, OTHER), cacheLengths(blob, OTHER))
  const usage = start(t, compiled)
  assert.deepEqual(usage.without, [])
  for (const module of [...CLIENT, ...SERVER, ...OTHER]) {
    assert.ok(usage.with.includes(module), module)
  }
})

test('what the rehearsal of a handler runs is there where one is rehearsed', async (t) => {
  const folder = temporaryFolder(t)
  const blob = makeBlob(folder, PROGRAM)
  const { blob: compiled, kept } = await compile(folder, blob, ['https', 'rehearsal'])
  assert.equal(kept, undefined)
  const [[from = 0], [to = 0]] = [cacheLengths(blob, SERVER), cacheLengths(compiled, SERVER)]
  assert.ok(to > 1.5 * from, `${from} bytes became ${to}`)
  assert.deepEqual(start(t, compiled).without, [])
})

test('the snapshot of a function that connects to nobody stays as it is', async (t) => {
  const folder = temporaryFolder(t)
  const blob = makeBlob(folder, PROGRAM)
  assert.deepEqual(await compile(folder, blob, ['crypto', 'zlib']), { blob })
})

test('a snapshot in which Node.js cannot do that stays as it is, and the build says why', async (t) => {
  const folder = temporaryFolder(t)
  const blob = makeBlob(
    folder,
    `require('node:v8').startupSnapshot.setDeserializeMainFunction(() => {
      process.stderr.write('this has other plans')
      process.exit(7)
    })`,
  )
  const { blob: same, kept } = await compile(folder, blob, ['https'])
  assert.ok(same.equals(blob))
  assert.match(kept ?? '', /^what Node\.js loads to connect is compiled at each start, .*\(exit status 7\)$/)
})

test('the folder may be called anything where the build has no other place for it', async (t) => {
  const folder = join(temporaryFolder(t), `a "quoted" back\\slash`)
  mkdirSync(folder)
  const blob = makeBlob(folder, PROGRAM)
  const before = process.env.LAMBDABIN_SANDBOX
  process.env.LAMBDABIN_SANDBOX = 'modules'
  t.after(() => {
    if (before === undefined) {
      delete process.env.LAMBDABIN_SANDBOX
    } else {
      process.env.LAMBDABIN_SANDBOX = before
    }
  })
  assert.equal((await compile(folder, blob, ['https'])).kept, undefined)
})
