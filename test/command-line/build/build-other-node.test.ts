/** Executables of other releases of Node.js, with `--node`: what is changed below Node.js's interfaces is known there, too. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { findOtherNode, NO_OTHER_NODE, OTHER_RELEASES } from '../../support/projects/other-node.ts'

const FUNCTION = `
  import { get } from 'node:https'
  import { gunzipSync, gzipSync } from 'node:zlib'
  const kept = new TypeError('kept')
  const unread = Promise.reject(new RangeError('kept, too'))
  unread.catch(() => {})
  export const handler = async (event: { text: string; url?: string }) => ({
    text: event.url ? get(event.url) : gunzipSync(gzipSync(event.text)).toString(),
    node: process.versions.node,
    errors: [kept.message, typeof kept.stack, await unread.catch(({ name }) => name)],
  })`
const ANSWER = { text: 'Hello', errors: ['kept', 'string', 'RangeError'] }

for (const release of OTHER_RELEASES) {
  for (const options of [[], ['--init', 'build']]) {
    test(`${['an executable of Node.js', release, ...options].join(' ')} answers, and the build has nothing to note`, {
      skip: NO_OTHER_NODE,
      timeout: 300_000,
    }, async (t) => {
      const node = findOtherNode(release)
      const folder = temporaryFolder(t)
      writeFiles(folder, { 'package.json': {}, 'hello.ts': FUNCTION })
      const build = ['build', 'hello.ts', '--node', node, '--json', ...options]
      const { status, stdout, stderr } = await runLambdabin(build, { cwd: folder })
      assert.equal(status, 0, stderr)
      const [built] = JSON.parse(stdout).functions
      assert.equal(built.nodeVersion, release)
      assert.deepEqual(built.shortcomings, [])
      const invoke = ['invoke', join('dist', 'hello'), '--event', '{"text":"Hello"}']
      const invoked = await runLambdabin(invoke, { cwd: folder })
      assert.deepEqual(JSON.parse(invoked.stdout), { ...ANSWER, node: release }, invoked.stderr)
    })
  }
}
