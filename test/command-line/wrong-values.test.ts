/** Values of options that cannot be right are mistakes in use, told before anything is built. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const PROJECT = {
  'package.json': {},
  'src/orders.ts': 'export const handler = async () => 1\n',
  'stubs.yaml': '[]',
}
const ESBUILD = 'esbuild takes other values for its options: '

for (const [options, message] of [
  [
    ['--rehearse'],
    'a rehearsal calls the handler with sample events, and there are none; give one with --event',
  ],
  [['--external', ''], '--external expects names of packages, and got ""; name one'],
  [['--bundle', ''], '--bundle expects names of packages, and got ""; name one'],
  [
    ['--loader', 'svg=text'],
    '--loader expects endings of files that begin with a dot, as .svg, and got svg; put a dot before it',
  ],
  [['--banner', 'css=x'], '--banner expects js, and its code, and got css; a function has no other code'],
  [['--out-dir', ''], '--out-dir expects a folder, and got ""'],
  [['--into', ''], '--into expects a folder, and got ""'],
  [['--supported', 'foo=true'], `${ESBUILD}"foo" is not a valid feature name for the "supported" setting`],
  [['--pure', '1 2'], `${ESBUILD}Expected identifier but found "1", in pure`],
  [['--define', '1a=2'], `${ESBUILD}Syntax error "a", in define`],
  [['--tsconfig-raw', '{'], `${ESBUILD}Expected string in JSON but found end of file, in tsconfig`],
] as const) {
  test(`a mistake in use is told: build ${options.join(' ')}`, async (t) => {
    const cwd = temporaryFiles(t, PROJECT)
    const { status, stderr } = await runLambdabin(['build', 'src/orders.ts', ...options], { cwd })
    assert.equal(
      stderr.replace('; https://esbuild.github.io/api/ tells which', ''),
      `lambdabin: ${message}\n`,
    )
    assert.equal(status, 2)
    assert.equal(existsSync(join(cwd, 'dist')), false)
  })
}

test('so are a size of the cache that is none, and a name that none can have', async (t) => {
  const cwd = temporaryFiles(t, PROJECT)
  const env = { LAMBDABIN_CACHE_SIZE: 'foo' }
  const built = await runLambdabin(['build', 'src/orders.ts'], { cwd, env })
  assert.match(built.stderr, /^lambdabin: LAMBDABIN_CACHE_SIZE expects a size/)
  assert.equal(built.status, 2)
  const made = await runLambdabin(['init', 'new', '--name', 'a b'], { cwd })
  assert.match(made.stderr, /^lambdabin: a function's name is that of its executable .* "a b" has characters/)
  assert.equal(made.status, 2)
})

test('stubs that answer nothing, as there is no event, are noted', async (t) => {
  const cwd = temporaryFiles(t, PROJECT)
  const words = ['build', 'src/orders.ts', '--stub', 'stubs.yaml', '--only', 'folder']
  const { status, stderr } = await runLambdabin(words, { cwd })
  assert.equal(status, 0)
  assert.match(stderr, /note: no sample event has the handler make requests, so the stubs answer only/)
})
