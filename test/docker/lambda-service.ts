/** `docker-compose up lambda`: the package in AWS's image. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import type { Session } from './session.ts'

export async function testLambdaService(t: TestContext, session: Session, project: string): Promise<void> {
  const compose = (words: readonly string[], variables: Readonly<Record<string, string>>) =>
    session.compose(project, words, { variables })

  await t.test('up lambda answers curl from the package, and a bare up has not started it', async () => {
    assert.doesNotMatch(await session.docker(['ps', '--all', '--format', '{{.Image}}']), /public\.ecr\.aws/)
    const port = await freePort()
    const variables = { PORT: String(port) }
    try {
      assert.equal((await compose(['up', '--detach', 'lambda'], variables)).status, 0)
      const answer = await postUntilAnswered(
        `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`,
      )
      assert.deepEqual(answer.event, { text: 'Hello' })
    } finally {
      await compose(['stop', '--timeout', '1'], variables)
    }
  })

  await t.test('lambda without a package says what to do first', async () => {
    const { status, output } = await compose(['run', '--rm', 'lambda'], { NAME: 'nothing' })
    assert.equal(status, 1)
    assert.match(output, /expected a built package in dist\/nothing\/, .*build it first: docker-compose up/)
    assert.ok(!existsSync(join(project, 'dist/nothing')))
  })
}

/** The container says nothing when its server listens, so it is asked until it answers, for half a minute. */
async function postUntilAnswered(url: string): Promise<{ event: unknown }> {
  let problem: unknown
  for (let attempt = 0; attempt < 120; attempt += 1) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: '{"text":"Hello"}',
        signal: AbortSignal.timeout(30_000),
      })
      return (await response.json()) as { event: unknown }
    } catch (error) {
      problem = error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
  throw new Error(`${url} did not answer`, { cause: problem })
}
