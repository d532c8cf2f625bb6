import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runInvoke } from '../../support/emulator/invoke-process.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** A project whose packages are installed, one of which is found by nobody who bundles. */
const PROJECT = {
  'package.json': { name: 'project' },
  'node_modules/lodash/index.js': 'exports.name = "lodash"',
  'node_modules/uses/index.js': 'exports.go = () => require(["lo", "dash"].join(""))',
}

const FAILING = 'import { go } from "uses"\ngo()\nexport const handler = () => 1\n'

test('a function that does not initialise is a warning: what failed, in which package and file, what to do', async (t) => {
  const folder = writeFiles(temporaryFolder(t), { ...PROJECT, 'orders.ts': FAILING })
  const { status, stdout, stderr } = await runLambdabin(['build', 'orders.ts', '--json'], { cwd: folder })
  assert.equal(status, 0)
  assert.match(
    stderr,
    /warning: the function does not initialise: Error: Cannot find module 'lodash' \(in the package uses, node_modules\/uses\/index\.js(?::1:\d+)?\); .*--external lodash\n/,
  )
  const [{ warnings }] = JSON.parse(stdout).functions
  assert.match(warnings[0], /does not initialise/)
  for (const path of ['dist/orders', 'dist/orders.zip']) {
    const invoked = await runInvoke([join(folder, path), '--timeout', '60'])
    assert.equal(invoked.status, 1)
    assert.match(invoked.stdout.toString(), /Cannot find module 'lodash'/)
  }
})

for (const [what, files, message] of [
  [
    'a package that is not installed is to be installed',
    { 'node_modules/uses/index.js': 'require("@clients/peer"); exports.go = () => 1' },
    /Cannot find module '@clients\/peer' .*; @clients\/peer is not installed: install it\n/,
  ],
  [
    'an addon that was not built is to be built: bindings does not find it',
    {
      'node_modules/uses/index.js': 'exports.go = () => require("bindings")("uses")',
      'node_modules/uses/package.json': { name: 'uses', dependencies: { bindings: '*' } },
      'node_modules/bindings/index.js':
        "module.exports = (name) => { throw new Error('Could not locate the bindings file. Tried:\\n → /var/task/node_modules/uses/build/' + name + '.node\\n → elsewhere') }",
    },
    /Could not locate the bindings file\. \(.*\); the addon of uses was not built when it was installed: run npm rebuild uses/,
  ],
  [
    'an addon that was not built is to be built: it is required by its path',
    { 'node_modules/uses/index.js': 'exports.go = () => require("./build/Release/uses.node")' },
    /Cannot find module '\.\/build\/Release\/uses\.node' .*; the addon of uses was not built when it was installed: run npm rebuild uses/,
  ],
] as const) {
  test(`what the build advises: ${what}`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), { ...PROJECT, 'orders.ts': FAILING, ...files })
    const { status, stderr } = await runLambdabin(['build', 'orders.ts', '--offline'], { cwd: folder })
    assert.equal(status, 0)
    assert.match(stderr, message)
  })
}

test('with --strict that is an error, and nothing is written', async (t) => {
  const folder = writeFiles(temporaryFolder(t), { ...PROJECT, 'orders.ts': FAILING })
  const { status, stderr } = await runLambdabin(['build', 'orders.ts', '--strict'], { cwd: folder })
  assert.equal(status, 1)
  assert.match(stderr, /lambdabin: the function does not initialise: Error: Cannot find module 'lodash'/)
  assert.equal(existsSync(join(folder, 'dist')), false)
})

test('one that ends its process as it loads is told of, too, with what it has printed', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': 'console.error("no table")\nprocess.exit(3)\nexport const handler = () => 1',
  })
  const { stderr } = await runLambdabin(['build', 'orders.ts'], { cwd: folder })
  assert.match(
    stderr,
    /does not initialise: it ended its process with exit status 3 before it was ready.*no table/,
  )
})

test('of an error that it has printed before, what it says is told, and not its stack trace', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    // As Nest does.
    'orders.ts': `
      const validate = (): void => {
        console.error(new Error('the settings are wrong:\\n - property TABLE is to be a text'))
        process.exit(1)
      }
      validate()
      export const handler = () => 1`,
  })
  const { stderr } = await runLambdabin(['build', 'orders.ts'], { cwd: folder })
  assert.match(stderr, /It says: .*the settings are wrong: - property TABLE is to be a text$/m)
  assert.doesNotMatch(stderr, /at validate/)
})

for (const [what, file, source, message] of [
  [
    'a handler that is no function',
    'orders.ts',
    'export const handler = "hello"',
    /exports handler, and none/,
  ],
  [
    'no function at all',
    'orders.ts',
    'export const VERSION = 1, LIMITS = {}',
    /exports VERSION and LIMITS|exports LIMITS and VERSION/,
  ],
  ['CommonJS without one', 'orders.js', 'module.exports = { a: 1 }', /orders\.js has no handler/],
] as const) {
  test(`${what} is an error of the build`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, [file]: source })
    // Nor is a newer Node.js noted.
    const { status, stderr } = await runLambdabin(['build', file, '--offline'], { cwd: folder })
    if (/LIMITS/.test(source)) {
      // What an object has inside, a handler setting may name.
      assert.equal(status, 0)
      assert.match(
        stderr,
        /warning: orders\.ts exports no function, but (?!.*note:).*keep it out of the pattern/s,
      )
      return
    }
    assert.equal(status, 1)
    assert.match(stderr, message)
    assert.match(stderr, /export a function/)
    assert.equal(existsSync(join(folder, 'dist')), false)
  })
}

for (const [what, file, source, handler] of [
  [
    'several handlers',
    'orders.ts',
    'export const VERSION = "1"\nexport const create = () => 1',
    'orders.create',
  ],
  ['handlers of CommonJS', 'orders.js', 'exports.create = async () => 1', 'orders.create'],
  ['module.exports as the handler', 'orders.js', 'module.exports = async () => 1', 'orders'],
  ['a default export', 'orders.ts', 'export default async () => 1', 'orders'],
  ['a handler of a package', 'orders.ts', 'export { handler } from "made"', 'orders'],
] as const) {
  test(`${what} is no mistake`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), {
      'package.json': {},
      'node_modules/made/index.js': 'exports.handler = async () => 1',
      [file]: source,
    })
    const { status, stderr } = await runLambdabin(['build', file, '--strict'], { cwd: folder })
    assert.equal(status, 0, stderr)
    assert.doesNotMatch(stderr, /warning/)
    const invoked = await runInvoke([join(folder, 'dist/orders'), '--handler', handler, '--timeout', '60'])
    assert.equal(invoked.stdout.toString(), '1')
  })
}
