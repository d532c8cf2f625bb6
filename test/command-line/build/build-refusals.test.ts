/** What a build is refused for is told in a sentence: which says what was expected, what arrived and what to do. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLambdabin } from '../../support/projects/command.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
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

test('so is a limit of how large a file may be', async (t) => {
  const cwd = temporaryFiles(t, PROJECT)
  const command = `ulimit -f 20000; exec '${process.execPath}' '${CLI}' build src/orders.ts`
  const { status, stderr } = spawnSync('bash', ['-c', command], { cwd, encoding: 'utf8', timeout: 180_000 })
  const lines = stderr.split('\n')
  assert.equal(
    lines.findLast((line) => line !== ''),
    'lambdabin: a build writes files of up to 130 MB, and the system does not let it write one as large; raise the limit, which ulimit -f tells, or give another folder with --out-dir',
  )
  assert.equal(stderr.includes('    at '), false, 'no stack')
  assert.equal(status, 1)
  assert.deepEqual(readdirSync(cwd).sort(), ['package.json', 'src'])
})
