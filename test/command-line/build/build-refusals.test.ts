/** What a build is refused for is told in a sentence: which says what was expected, what arrived and what to do. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runLambdabin } from '../../support/projects/command.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

const PROJECT = { 'package.json': {}, 'src/orders.ts': 'export const handler = async () => 1\n' }

/** What a command says that fails, in a line. */
function sentence(stderr: string): string {
  assert.match(stderr, /^lambdabin: .*\n$/, 'one line')
  return stderr.slice('lambdabin: '.length, -1)
}

test('an option of esbuild’s that esbuild does not take is a mistake in use', async (t) => {
  const cwd = temporaryFiles(t, PROJECT)
  const { status, stderr } = await runLambdabin(['build', 'src/orders.ts', '--target', 'nope'], { cwd })
  assert.equal(
    sentence(stderr),
    'esbuild takes other values for its options: Invalid target "nope" in "--target=nope"; https://esbuild.github.io/api/ tells which',
  )
  assert.equal(status, 2)
})
