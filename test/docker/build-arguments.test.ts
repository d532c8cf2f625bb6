import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildArguments, functionFiles } from '../../scripts/docker/build-arguments.ts'

const listFunctions = () => ['src/functions/a.ts', 'src/functions/b.ts']
const baseNode = (arch: string) => `/nodes/${arch}`

function parts(variables: Parameters<typeof buildArguments>[0], more: string[] = []) {
  return buildArguments(variables, listFunctions, more, baseNode).join(' ')
}

test('without ENTRY all functions are built, for x64, under their own names', () => {
  const all = 'build --arch x64 --node /nodes/x64 -- src/functions/a.ts src/functions/b.ts'
  assert.equal(parts({}), all)
  assert.equal(parts({ ENTRY: '', NAME: '', ARCH: '', INTL: '' }), all)
  // Some shells have a NAME of their own, the computer's.
  assert.equal(parts({ NAME: 'DESKTOP-1' }), all)
})

test('ENTRY, NAME and ARCH are what is built; a path from Windows is one, too', () => {
  assert.equal(
    parts({ ENTRY: 'src\\functions\\orders.ts', NAME: 'shop', ARCH: 'arm64' }),
    'build --name shop --arch arm64 --node /nodes/arm64 -- src/functions/orders.ts',
  )
})

test('INTL is the locales that Intl is to know', () => {
  assert.equal(
    parts({ ENTRY: 'a.ts', INTL: 'en,ja' }),
    'build --arch x64 --node /nodes/x64 --intl en,ja -- a.ts',
  )
})

test('an ENTRY that starts like an option is a file all the same', () => {
  assert.equal(parts({ ENTRY: '--help.ts' }), 'build --arch x64 --node /nodes/x64 -- --help.ts')
})

test('an architecture that there is no Node.js for is left to the command to refuse', () => {
  assert.equal(parts({ ENTRY: 'a.ts', ARCH: '../../etc' }), 'build --arch ../../etc -- a.ts')
})

test('further options come before the entries', () => {
  assert.equal(
    parts({ ENTRY: 'a.ts' }, ['--external', 'sharp']),
    'build --arch x64 --node /nodes/x64 --external sharp -- a.ts',
  )
})

test('functions are the JavaScript and TypeScript files, without types and tests, in one order', () => {
  const names = ['b.mjs', 'a.ts', 'a.test.ts', 'c.d.ts', 'd.spec.js', 'notes.md', 'e.cts', 'data.json']
  assert.deepEqual(functionFiles('src/functions', names), [
    'src/functions/a.ts',
    'src/functions/b.mjs',
    'src/functions/e.cts',
  ])
})
