/**
 * Whole builds: real executables, run by the real emulator. They take seconds each, so each shows many
 * things.
 */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { openPromise } from 'yauzl'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { neededVersion } from '../../../src/compiler/elf/elf-versions.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const FILES = {
  'package.json': {},
  'src/orders.ts': `
    import { readFileSync } from 'node:fs'
    import { join } from 'node:path'
    import { add } from 'adder'
    import { price } from './price.ts'
    const started = await Promise.resolve('awaited')
    class OrderRefused extends Error {
      override name = this.constructor.name
      static is(error: unknown) { return error instanceof OrderRefused }
    }
    export async function handler(event: { items: number[]; refuse?: boolean }) {
      if (event.refuse) {
        throw new OrderRefused('no')
      }
      const rates = JSON.parse(readFileSync(join(process.env.LAMBDA_TASK_ROOT ?? '', 'data/rates.json'), 'utf8'))
      return { started, total: add(price(event.items), rates.fee) }
    }
    export const count = async (event: { items: number[] }) => event.items.length`,
  'src/price.ts': 'export const price = (items: number[]) => items.reduce((sum, item) => sum + item, 0)',
  'src/hello.js': 'exports.handler = (event, context, callback) => callback(null, "hello " + event.name)',
  'data/rates.json': '{"fee": 5}',
  'node_modules/adder/package.json': { name: 'adder', version: '1.0.0', dependencies: { helper: '*' } },
  'node_modules/adder/index.js':
    'const { zero } = require("helper"); exports.add = require("./adder.js").add; exports.zero = zero',
  'node_modules/adder/adder.js': 'exports.add = (a, b) => a + b',
  'node_modules/helper/package.json': { name: 'helper', version: '1.0.0' },
  'node_modules/helper/index.js': 'exports.zero = 0',
}
const ARGS = ['build', 'src/orders.ts', 'src/hello.js', '--include', 'data', '--external', 'adder', '--json']

/** A native addon whose `add` adds, compiled into the package `adder`; false where there is no compiler. */
function compileAddon(folder: string): boolean {
  const include = join(dirname(process.execPath), '..', 'include', 'node')
  const source = join(folder, 'adder.c')
  writeFiles(folder, {
    'adder.c': `
      #include <node_api.h>
      static napi_value Add(napi_env env, napi_callback_info info) {
        size_t count = 2; napi_value values[2], result; double a, b;
        napi_get_cb_info(env, info, &count, values, NULL, NULL);
        napi_get_value_double(env, values[0], &a); napi_get_value_double(env, values[1], &b);
        napi_create_double(env, a + b, &result);
        return result;
      }
      NAPI_MODULE_INIT() {
        napi_value add;
        napi_create_function(env, "add", NAPI_AUTO_LENGTH, Add, NULL, &add);
        napi_set_named_property(env, exports, "add", add);
        return exports;
      }`,
  })
  const addon = join(folder, 'node_modules/adder/adder.node')
  const compiled = spawnSync('cc', ['-shared', '-fPIC', `-I${include}`, '-o', addon, source])
  if (compiled.status !== 0) {
    return false
  }
  writeFiles(folder, {
    'node_modules/adder/index.js':
      'const { zero } = require("helper"); exports.add = require("./adder.node").add; exports.zero = zero',
  })
  return true
}

function project(t: TestContext): string {
  return writeFiles(join(temporaryFolder(t), 'project'), FILES)
}

async function buildJson(args: string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = await runLambdabin(args, { cwd, env })
  assert.equal(status, 0, stderr)
  return { functions: JSON.parse(stdout).functions, stderr }
}

async function entryNames(zip: string): Promise<string[]> {
  const names = []
  for await (const entry of (await openPromise(zip)).eachEntry()) {
    names.push(entry.fileName)
  }
  return names
}

const here = process.arch === 'arm64' ? 'arm64' : 'x64'

test('functions are built into packages that run, and that the JSON describes', async (t) => {
  const cwd = project(t)
  const hasAddon = compileAddon(cwd)
  t.diagnostic(hasAddon ? 'with a native addon' : 'without a native addon: no C compiler here')
  const { functions, stderr } = await buildJson([...ARGS, '--arch', here], cwd)
  const [orders, hello] = functions
  assert.deepEqual(
    functions.map(({ name }: { name: string }) => name),
    ['orders', 'hello'],
  )

  await t.test('the files are where the README says, and nothing else', async () => {
    assert.deepEqual(readdirSync(join(cwd, 'dist')).sort(), ['hello', 'hello.zip', 'orders', 'orders.zip'])
    const expected = [
      'THIRD-PARTY-NOTICES',
      'bootstrap',
      'data/rates.json',
      'node_modules/adder/adder.js',
      ...(hasAddon ? ['node_modules/adder/adder.node'] : []),
      'node_modules/adder/index.js',
      'node_modules/adder/package.json',
      'node_modules/helper/index.js',
      'node_modules/helper/package.json',
      'orders',
    ]
    assert.deepEqual(await entryNames(orders.zip), expected)
    assert.equal(statSync(join(cwd, 'dist/orders/orders')).mode & 0o777, 0o755)
    assert.equal(statSync(join(cwd, 'dist/orders/data/rates.json')).mode & 0o777, 0o644)
  })

  await t.test('the JSON tells what is there', () => {
    const zip = readFileSync(orders.zip)
    assert.equal(orders.zip, join(cwd, 'dist/orders.zip'))
    assert.equal(orders.zipBytes, zip.length)
    assert.equal(orders.CodeSha256, createHash('sha256').update(zip).digest('base64'))
    assert.equal(orders.executableBytes, statSync(join(cwd, 'dist/orders/orders')).size)
    assert.deepEqual(orders.exports, ['count', 'handler'])
    assert.equal(hello.exports, null)
    const executable = readFileSync(join(cwd, 'dist/hello/hello'))
    assert.equal(hello.glibc, neededVersion(executable, 'hello', 'GLIBC'))
    assert.ok(orders.runtimes.includes('provided.al2023'))
    const steps = orders.steps.map(({ name }: { name: string }) => name)
    for (const name of ['bundle', 'base Node.js', 'executable', 'package']) {
      assert.ok(steps.includes(name), name)
    }
    assert.ok(orders.zipBytes < 45e6, `${orders.zipBytes}`)
  })

  await t.test('the steps of each function, with its name, and a summary of it are on stderr', () => {
    for (const name of ['orders', 'hello']) {
      assert.match(stderr, new RegExp(`^  ${name}: bundle \\d+\\.\\d s$`, 'm'))
      assert.match(stderr, new RegExp(`^  ${name}: package \\d+\\.\\d s$`, 'm'))
      assert.match(stderr, new RegExp(`^  ${name} +dist/${name}\\.zip, \\d+\\.\\d MB, \\d+\\.\\d s$`, 'm'))
    }
  })

  const invoke = async (zip: string, event: object, ...args: string[]) => {
    const ended = await runLambdabin([
      'invoke',
      zip,
      '--timeout',
      '30',
      '--event',
      JSON.stringify(event),
      ...args,
    ])
    return { ...ended, response: JSON.parse(ended.stdout || 'null') }
  }

  await t.test(
    'the function reads what was included, and calls what was left out of the bundle',
    async () => {
      const { status, response, stderr: logs } = await invoke(orders.zip, { items: [1, 2] })
      assert.equal(status, 0, logs)
      assert.deepEqual(response, { started: 'awaited', total: 8 })
    },
  )

  await t.test('a handler setting with a dot runs another export', async () => {
    const { response } = await invoke(orders.zip, { items: [1, 2] }, '--handler', 'orders.count')
    assert.equal(response, 2)
  })

  await t.test('an error has its class name and the TypeScript file and line', async () => {
    const { status, response } = await invoke(orders.zip, { refuse: true })
    assert.equal(status, 1)
    assert.equal(response.errorType, 'OrderRefused')
    assert.match(JSON.stringify(response), /src\/orders\.ts:13\b/)
  })

  await t.test('a CommonJS function with a callback runs', async () => {
    assert.equal((await invoke(hello.zip, { name: 'Nim' })).response, 'hello Nim')
  })

  await t.test(
    'the same sources in another folder, time zone and locale, and with an empty cache, give the same bytes',
    async (subtest) => {
      const elsewhere = writeFiles(join(temporaryFolder(subtest), 'some', 'where', 'else'), FILES)
      // With the compiled addon: its content and its mode.
      cpSync(join(cwd, 'node_modules'), join(elsewhere, 'node_modules'), { recursive: true })
      const again = await buildJson(
        ['build', 'orders.ts', '--external', 'adder', '--out-dir', '../out', '--json', '--arch', here],
        join(elsewhere, 'src'),
        {
          ...{ TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8', TMPDIR: elsewhere },
          XDG_CACHE_HOME: join(elsewhere, 'cache'),
        },
      )
      const first = await buildJson(
        ['build', 'src/orders.ts', '--external', 'adder', '--json', '--arch', here],
        cwd,
      )
      assert.equal(again.functions[0].CodeSha256, first.functions[0].CodeSha256)
      assert.deepEqual(
        readdirSync(join(cwd, 'dist/orders')).sort(),
        ['THIRD-PARTY-NOTICES', 'bootstrap', 'node_modules', 'orders'],
        'replaced',
      )
      const executable = readFileSync(join(cwd, 'dist/orders/orders'))
      for (const path of [cwd, elsewhere]) {
        assert.equal(executable.indexOf(path), -1, `the executable tells ${path}`)
      }
    },
  )
})

test('a function is built for the other architecture', async (t) => {
  const other = here === 'x64' ? 'arm64' : 'x64'
  const cwd = project(t)
  const { functions, stderr } = await buildJson(['build', 'src/hello.js', '--arch', other, '--json'], cwd)
  const executable = readFileSync(join(cwd, 'dist/hello/hello'))
  const { architecture, sections } = parseElf(executable, 'hello')
  assert.equal(architecture, other)
  assert.equal(functions[0].arch, other)
  assert.ok(sections.some(({ name }) => name.includes('NODE_SEA_BLOB') || name.startsWith('.note')))
  assert.ok(
    executable.includes('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1'),
    'the executable is switched on',
  )

  const { version } = createRequire(import.meta.url)('../../../base-node/versions.json')
  assert.equal(functions[0].nodeVersion, version)
  // Of one function, all that there is to know, with what takes long the first time.
  assert.match(stderr, /^ {2}bundle +\d+\.\d s\n(?: {2}(?:fetching|running) .+\n)* {2}base Node\.js/)
  assert.match(stderr, /needs +glibc 2\.\d+\n {2}runs on +.*provided\.al2023/)
})
