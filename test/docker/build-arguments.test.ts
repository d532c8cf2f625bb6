import assert from 'node:assert/strict'
import process from 'node:process'
import { test } from 'node:test'
import { findPinnedNode } from '../../bin/pinned-node.js'
import {
  buildArguments,
  COMMANDS,
  checkVariables,
  functionFiles,
  givenOptions,
} from '../../scripts/docker/build-arguments.ts'
import { userEnvironment } from '../../scripts/docker/container-user.ts'
import { baseNode } from '../../scripts/docker/image-folders.ts'
import { COMMAND_HELP } from '../../src/command-line/help.ts'

const listFunctions = () => ['src/functions/a.ts', 'src/functions/b.ts']

function parts(variables: Parameters<typeof buildArguments>[0], more: string[] = []) {
  return buildArguments(variables, listFunctions, more).join(' ')
}

test('without ENTRY all functions are built, for x64, under their own names', () => {
  const all = 'build --arch x64 -- src/functions/a.ts src/functions/b.ts'
  assert.equal(parts({}), all)
  assert.equal(parts({ ENTRY: '', NAME: '', ARCH: '', INTL: '' }), all)
  // Some shells have a NAME of their own, the computer's.
  assert.equal(parts({ NAME: 'DESKTOP-1' }), all)
})

test('ENTRY, NAME and ARCH are what is built; a path from Windows is one, too', () => {
  assert.equal(
    parts({ ENTRY: 'src\\functions\\orders.ts', NAME: 'shop', ARCH: 'arm64' }),
    'build --name shop --arch arm64 -- src/functions/orders.ts',
  )
})

test('INTL is the locales that Intl is to know', () => {
  assert.equal(parts({ ENTRY: 'a.ts', INTL: 'en,ja' }), 'build --arch x64 --intl en,ja -- a.ts')
})

test('an ENTRY that starts like an option is a file all the same', () => {
  assert.equal(parts({ ENTRY: '--help.ts' }), 'build --arch x64 -- --help.ts')
})

test('an architecture that there is no Node.js for is left to the command to refuse', () => {
  assert.equal(parts({ ENTRY: 'a.ts', ARCH: '../../etc' }), 'build --arch ../../etc -- a.ts')
})

test('further options come before the entries', () => {
  assert.equal(parts({ ENTRY: 'a.ts' }, ['--external', 'sharp']), 'build --arch x64 --external sharp -- a.ts')
})

test('functions are the JavaScript and TypeScript files, without types and tests, in one order', () => {
  const names = ['b.mjs', 'a.ts', 'a.test.ts', 'c.d.ts', 'd.spec.js', 'notes.md', 'e.cts', 'data.json']
  assert.deepEqual(functionFiles('src/functions', names), [
    'src/functions/a.ts',
    'src/functions/b.mjs',
    'src/functions/e.cts',
  ])
})

test('a line of a file .env from Windows may end with a carriage return', () => {
  assert.equal(
    parts({ ENTRY: 'src\\a.ts\r', NAME: 'b\r', ARCH: 'arm64\r', INTL: 'en\r' }),
    'build --name b --arch arm64 --intl en -- src/a.ts',
  )
})

test('each command of lambdabin’s is one of the container’s, too', () => {
  assert.deepEqual(COMMANDS, [...Object.keys(COMMAND_HELP), 'help', '--help', '--version'])
})

test('executables are made of the image’s Node.js, for whichever architecture', async (t) => {
  const { LAMBDABIN_BASE_NODES: folder } = userEnvironment('/cache', '/none.pem')
  assert.equal(folder, '/lambdabin/node')
  const before = process.env.LAMBDABIN_BASE_NODES
  t.after(() => {
    if (before === undefined) {
      delete process.env.LAMBDABIN_BASE_NODES
    }
  })
  process.env.LAMBDABIN_BASE_NODES = folder
  for (const arch of ['x64', 'arm64'] as const) {
    assert.equal(await findPinnedNode(arch), baseNode(arch))
  }
})

test('what options say is found wherever they stand, and no value is taken for an entry', () => {
  const words = ['--out-dir', 'out', 'a.ts', '--external', 'sharp', '--external=pg', '--json', '--', '--b.ts']
  const { arch, externals, entries } = givenOptions(['build', ...words])
  assert.deepEqual([arch, externals, entries], ['x64', ['sharp', 'pg'], ['a.ts', '--b.ts']])
  const values = [
    '--stub',
    'stubs.yaml',
    '--config',
    'c.json',
    '--jobs',
    '2',
    '--define',
    'A=1',
    '--no-minify',
  ]
  assert.deepEqual(givenOptions(['build', ...values, '--arch=arm64', 'b.ts']), {
    ...{ arch: 'arm64', externals: [], entries: ['b.ts'] },
  })
})

for (const entry of ['../orders.ts', '/home/me/orders.ts', 'C:\\shop\\orders.ts', 'src/../../orders.ts']) {
  test(`an ENTRY that the container does not see is refused with what to do: ${entry}`, () => {
    assert.throws(
      () => checkVariables({ ENTRY: entry }, '/lambdabin/project'),
      /ENTRY expects a file below the folder with docker-compose\.yml, .* and got .*orders\.ts; give its path from that folder/,
    )
  })
}

test('an ENTRY below the folder is fine however it is written; NAME without one is told to be of no effect', () => {
  for (const ENTRY of ['src/a.ts', './src/../a.ts', 'src\\a.ts', '/lambdabin/project/a.ts', '..a/b.ts']) {
    assert.equal(checkVariables({ ENTRY, NAME: 'b' }, '/lambdabin/project'), undefined)
  }
  assert.match(
    checkVariables({ NAME: 'orders' }, '/p') ?? '',
    /^NAME=orders names the function in the file ENTRY, and there is no ENTRY/,
  )
  assert.equal(checkVariables({ NAME: '', ENTRY: '' }, '/p'), undefined)
})
