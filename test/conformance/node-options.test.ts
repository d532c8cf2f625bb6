/** NODE_OPTIONS: whatever Node.js takes there, the function runs as it does under Node.js. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import {
  api,
  fixture,
  invoke,
  lambda,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

// AWS's client has its own test of this: that it runs at all, here, with each.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

const PRELOADED = (name: string) => `(globalThis.preloaded ??= []).push(${JSON.stringify(name)})\n`

useFixtures({
  name: 'preloaded',
  files: {
    'required.cjs': PRELOADED('required'),
    'imported.mjs': PRELOADED('imported'),
    'a folder/with "quotes".mjs': PRELOADED('quoted'),
    'awaits.mjs': `await new Promise((resolve) => setTimeout(resolve, 50));\n${PRELOADED('awaited')}`,
    'throws.mjs': "throw new RangeError('the preload throws')",
    'loader.mjs': `export async function load(url, context, next) {
      const loaded = await next(url, context)
      return url.endsWith('/imported.mjs') && url.includes('beside')
        ? { ...loaded, format: 'module', source: "export default 'by a loader'" } : loaded
    }`,
    'registers.mjs': `import { register } from 'node:module'\nregister('./loader.mjs', import.meta.url)`,
    'hooks.mjs': `import { Module, registerHooks } from 'node:module'
      registerHooks({
        load(url, context, next) {
          const loaded = next(url, context)
          return url.includes('/beside/') ? { ...loaded, source: String(loaded.source).replace('plain', 'hooked') } : loaded
        },
      })
      const { require } = Module.prototype
      Module.prototype.require = function (id) {
        const found = require.call(this, id)
        return id === 'node:dgram' ? { ...found, hooked: true } : found
      }`,
    'node_modules/preload/package.json': { name: 'preload', exports: './preload.mjs' },
    'node_modules/preload/preload.mjs': PRELOADED('of a package'),
    'node_modules/beside/package.json': {
      name: 'beside',
      exports: { import: './imported.mjs', require: './required.cjs' },
    },
    'node_modules/beside/imported.mjs': "export default 'plain'",
    'node_modules/beside/required.cjs': "module.exports = 'plain'",
  },
})

const start = (options: string) => startFixture('preloaded', 'preloaded', { NODE_OPTIONS: options })

for (const [options, expected] of [
  ['--require ./required.cjs', ['required']],
  ['-r ./required.cjs', ['required']],
  ['--import ./imported.mjs', ['imported']],
  ['--import=./imported.mjs --import ./awaits.mjs', ['imported', 'awaited']],
  ['--require=./required.cjs   --import=./imported.mjs --no-deprecation', ['required', 'imported']],
  ['--import "./a folder/with \\"quotes\\".mjs"', ['quoted']],
  ['--import preload', ['of a package']],
  [`--import data:text/javascript,${encodeURIComponent(PRELOADED('of a URL').trim())}`, ['of a URL']],
] as const) {
  test(`${options} is loaded before the function`, { skip }, async () => {
    start(options)
    assert.deepEqual((await invoke({})).json(), { atLoad: expected, options })
  })
}

test('hooks that a preload registers see the packages beside the executable, and Node.js’s own', {
  skip,
}, async () => {
  start('--import ./hooks.mjs')
  assert.deepEqual((await invoke({ name: 'beside' })).json(), {
    atLoad: [],
    imported: 'hooked',
    required: 'hooked',
    builtin: true,
  })
})

for (const options of [
  '--loader ./loader.mjs',
  '--experimental-loader=./loader.mjs',
  '--import ./registers.mjs',
]) {
  test(`${options} sees what is imported`, { skip }, async () => {
    start(options)
    const { imported } = (await invoke({ name: 'beside' })).json<{ imported: string }>()
    assert.equal(imported, 'by a loader')
  })
}

test('a preload that throws, or is not there, is an init failure', { skip }, async () => {
  for (const [options, errorType, errorMessage] of [
    ['--import ./throws.mjs', 'RangeError', /the preload throws/],
    ['--import ./not-there.mjs', 'Runtime.ImportModuleError', /not-there\.mjs/],
  ] as const) {
    start(options)
    assert.notEqual((await lambda.exit()).code, 0)
    const document = JSON.parse(api.initErrors.at(-1)?.body.toString() ?? '{}')
    assert.equal(document.errorType, errorType)
    assert.match(document.errorMessage, errorMessage)
  }
})

/** Those wait for a debugger to connect, as they are to. */
const WAITING = /^--inspect-(brk|wait)$/

/** What stands for `…` in `--option=…`. Of others of the kind, Node.js itself says that they require an argument. */
const VALUES: Readonly<Record<string, string>> = {
  '--allow-fs-read': '* --permission',
  '--allow-fs-write': '* --permission --allow-fs-read=*',
  '--conditions': 'other',
  '--cpu-prof-dir': '. --cpu-prof',
  '--cpu-prof-interval': '1000 --cpu-prof',
  '--cpu-prof-name': 'profile --cpu-prof',
  '--debug-port': '0',
  '--diagnostic-dir': '.',
  '--disable-proto': 'delete',
  '--disable-warning': 'DEP0000',
  '--dns-result-order': 'ipv4first',
  '--experimental-test-isolation': 'none',
  '--heap-prof-dir': '. --heap-prof',
  '--heap-prof-interval': '1000 --heap-prof',
  '--heap-prof-name': 'profile --heap-prof',
  '--heapsnapshot-near-heap-limit': '1',
  '--heapsnapshot-signal': 'SIGUSR2',
  '--input-type': 'module',
  '--inspect': '127.0.0.1:0',
  '--inspect-port': '0',
  '--inspect-publish-uid': 'stderr',
  '--localstorage-file': 'storage',
  '--max-heap-size': '300',
  '--max-http-header-size': '20000',
  '--max-old-space-size': '200',
  '--max-old-space-size-percentage': '50',
  '--max-semi-space-size': '8',
  '--network-family-autoselection-attempt-timeout': '300',
  '--openssl-config': '/dev/null',
  '--redirect-warnings': 'warnings',
  '--report-dir': '.',
  '--report-directory': '.',
  '--report-filename': 'report.json',
  '--report-signal': 'SIGUSR2',
  '--secure-heap': '65536',
  '--secure-heap-min': '2',
  '--stack-trace-limit': '5',
  '--test-coverage-branches': '50',
  '--test-coverage-exclude': '*.mjs',
  '--test-coverage-functions': '50',
  '--test-coverage-include': '*.mjs',
  '--test-coverage-lines': '50',
  '--test-global-setup': './required.cjs',
  '--test-isolation': 'none',
  '--test-name-pattern': 'a',
  '--test-random-seed': '1',
  '--test-reporter': 'tap',
  '--test-reporter-destination': 'stderr',
  '--test-rerun-failures': 'failures',
  '--test-shard': '1/2',
  '--test-skip-pattern': 'a',
  '--title': 'title',
  '--tls-cipher-list': 'HIGH',
  '--tls-keylog': 'keys',
  '--trace-event-categories': 'v8',
  '--trace-event-file-pattern': 'trace',
  '--trace-require-module': 'all',
  '--unhandled-rejections': 'strict',
  '--use-largepages': 'off',
  '--v8-pool-size': '2',
  '--watch-kill-signal': 'SIGTERM',
  '--watch-path': '.',
}

function asOption(flag: string): string {
  const value = VALUES[flag]
  if (value !== undefined) {
    return `${flag}=${value}`
  }
  return (
    { '-r': '-r ./required.cjs', '-C': '-C other' }[flag] ??
    (/^--(require|import|loader|experimental-loader)$/.test(flag) ? `${flag} ./imported.mjs` : flag)
  )
}

test('each option that Node.js takes in NODE_OPTIONS leaves the function as it is', { skip }, async (t) => {
  const cwd = temporaryFolder(t)
  const refused: string[] = []
  const flags = [...process.allowedNodeEnvironmentFlags].filter((flag) => !WAITING.test(flag))
  assert.ok(flags.length > 200)
  for (const flag of flags) {
    const options = asOption(flag)
    // Profiles and reports go to the folder that the process is in when it ends.
    startFixture('preloaded', 'preloaded', { NODE_OPTIONS: options, NODE_REPORT_DIRECTORY: cwd })
    const answer = await Promise.race([api.invoke({}), lambda.ended])
    if ('kind' in answer) {
      assert.equal(answer.json<{ options: string }>().options, options)
      await api.idle()
      await lambda.stop()
    } else {
      const env = { NODE_OPTIONS: options }
      const plain = spawnSync(process.execPath, ['--eval', '0'], {
        cwd: fixture('preloaded').folder,
        env,
        timeout: 20_000,
      })
      assert.notEqual(
        plain.status,
        0,
        `${options}: the process ended (${answer.code ?? answer.signal}): ${lambda.output}`,
      )
      refused.push(flag)
    }
  }
  t.diagnostic(`${flags.length} options; Node.js itself refuses ${refused.join(' ')}`)
})
