import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const here = process.arch === 'arm64' ? 'arm64' : 'x64'

test('after a prefetch a build needs no network, and makes nothing of Node.js anew', async (t) => {
  const cwd = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'lambdabin.config.json': { arch: here, functions: { orders: 'orders.ts' } },
    'orders.ts': 'export const handler = async () => 1',
  })
  const home = temporaryFolder(t)
  // Where nobody answers.
  const env = { XDG_CACHE_HOME: home, npm_config_registry: 'http://127.0.0.1:1/' }
  const fetched = await runLambdabin(['prefetch'], { cwd, env })
  assert.equal(fetched.status, 0, fetched.stderr)
  assert.equal(fetched.stdout, `${join(home, 'lambdabin')}\n`)
  assert.match(fetched.stderr, new RegExp(`^  Node\\.js \\d+\\.\\d+\\.\\d+ for ${here} is ready$`, 'm'))

  const areas = ['base-node', 'templates', 'deflated']
  const made = () => areas.map((area) => readdirSync(join(home, 'lambdabin', area)).sort())
  const before = made()
  assert.deepEqual(
    before.map(({ length }) => Math.min(length, 20)),
    [1, 1, 20],
  )
  const built = await runLambdabin(['build', '--json'], { cwd, env })
  assert.equal(built.status, 0, built.stderr)
  assert.deepEqual(made(), before)
})

test('a fetch that is ended leaves nothing, and what one has left that was killed goes', async (t) => {
  const home = temporaryFolder(t)
  const cache = join(home, 'lambdabin')
  const folder = writeFiles(temporaryFolder(t), {})
  writeExecutable(join(folder, 'npm'), '#!/bin/sh\nexec sleep 60\n')
  const env = { XDG_CACHE_HOME: home, PATH: `${folder}:${process.env.PATH}` }
  const fetched = (signal: NodeJS.Signals) =>
    runLambdabin(['prefetch', '--arch', here === 'x64' ? 'arm64' : 'x64'], {
      env,
      onStderr: (text, kill) => text.includes('fetching') && kill(signal),
    })
  const left = () => readdirSync(cache).filter((name) => name.startsWith('.fetch-'))
  assert.equal((await fetched('SIGKILL')).signal, 'SIGKILL')
  assert.equal(left().length, 1)
  assert.equal((await fetched('SIGTERM')).signal, 'SIGTERM')
  assert.deepEqual(left(), [])
})

for (const [args, message] of [
  [['--arch', 'arm'], /^lambdabin: --arch expects x64 or arm64[^\n]*, and got arm\n$/],
  [['orders'], /^lambdabin: prefetch takes options only, and got orders; see lambdabin prefetch --help\n$/],
  [
    ['--node', '/nonexistent/node'],
    /^lambdabin: --node expects a Node\.js binary, and \/nonexistent\/node cannot be read/,
  ],
] as const) {
  test(`prefetch ${args.join(' ')} is refused in a sentence`, async (t) => {
    const { status, stderr } = await runLambdabin(['prefetch', ...args], { cwd: temporaryFolder(t) })
    assert.ok(status === 2 || status === 1)
    assert.match(stderr, message)
  })
}
