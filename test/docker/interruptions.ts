/** Being told to end: by Ctrl-C in a terminal, and by the engine. */

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Session } from './session.ts'

/** What an engine waits before it kills a container. */
const PATIENCE_MS = 10_000

/** A line that a build says in the middle of its work. */
const UNDER_WAY = 'code cache'

export async function testInterruptions(t: TestContext, session: Session, project: string): Promise<void> {
  const dist = () => readdirSync(join(project, 'dist')).sort()

  for (const [words, status] of [
    [['up'], 0],
    [['run', 'builder'], 1],
  ] as const) {
    await t.test(`Ctrl-C ends docker-compose ${words[0]} and the build, which leaves nothing`, async () => {
      const before = dist()
      let asked = 0
      const ended = await session.compose(project, words, {
        onOutput: (output) => {
          if (asked > 0 || !output.includes(UNDER_WAY)) {
            return undefined
          }
          asked = performance.now()
          return 'SIGINT'
        },
      })
      const took = performance.now() - asked
      assert.ok(asked > 0, ended.output)
      assert.ok(took < PATIENCE_MS, `${took} ms: the build ended by itself`)
      assert.doesNotMatch(ended.output, /lambdabin: |Error|package +dist/)
      assert.equal(ended.status, status, ended.output)
      assert.deepEqual(dist(), before, 'no work folder, no half of a package')
      const [id = ''] = (await session.docker(['ps', '--all', '--latest', '--quiet', '--no-trunc'])).split(
        '\n',
      )
      const code = await session.docker(['inspect', '--format', '{{.State.ExitCode}}', id])
      assert.match(code, /^(130|143)$/)
      const inside = await session.docker(['diff', id])
      assert.doesNotMatch(inside, /^A \/lambdabin\/tmp\/./m, 'nor copies of the sources')
    })
  }
}
