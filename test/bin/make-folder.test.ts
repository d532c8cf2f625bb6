import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from '../../bin/make-folder.js'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'

const skip = process.platform !== 'linux' && '/proc is Linux’s'

test('a folder is made with those that it is in, and the first that was made is told', async (t) => {
  const folder = temporaryFolder(t)
  assert.equal(await makeFolder(join(folder, 'a/b/c')), join(folder, 'a'))
  assert.ok(existsSync(join(folder, 'a/b/c')))
  assert.equal(await makeFolder(join(folder, 'a/b/c')), undefined)
  const made = await Promise.all([1, 2, 3].map(() => makeFolder(join(folder, 'a/d/e'))))
  assert.ok(made.includes(join(folder, 'a/d')), 'several at once all end well')
})

test('where no folder can be made, that ends with the system’s error', {
  timeout: 30_000,
  skip,
}, async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  for (const path of [
    '/proc/x',
    '/proc/x/y/z',
    '/proc/self/x',
    join(folder, 'file/x'),
    join(folder, 'file'),
  ]) {
    await assert.rejects(makeFolder(path), { syscall: 'mkdir' }, path)
  }
})

for (const [args, env, message] of [
  [['build', 'orders.ts', '--out-dir', '/proc/x'], {}, /--out-dir expects a folder that can be written to/],
  [
    ['build', 'orders.ts'],
    { XDG_CACHE_HOME: '/proc/x' },
    /cache folder \/proc\/x\/lambdabin cannot be written/,
  ],
  [['serve', '--port', '0', '--state', '/proc/x/y'], {}, /\/proc\/x\/y cannot be written; name another/],
] as const) {
  test(`a place where nothing can be made is told at once: ${args.join(' ')}`, { skip }, async (t) => {
    const cwd = writeFiles(temporaryFolder(t), {
      'package.json': {},
      'orders.ts': 'export const handler = () => 1',
    })
    const { status, stderr } = await runLambdabin(args, { cwd, env })
    assert.ok(status === 1 || status === 2, stderr)
    assert.match(stderr, message)
  })
}
