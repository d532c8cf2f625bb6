/**
 * The container, for real: an engine of its own, base images that stand in for the pinned ones, a mirror of Node.js.
 * See `engine.ts` for what it takes; where that is not there, it is skipped and says why. What is tried is in the files
 * that this one imports: all of it shares the engine and the images, which take longer than any of it.
 */

import { test } from 'node:test'
import { whyNoEngine } from './engine.ts'
import { testInterruptions } from './interruptions.ts'
import { testLambdaService } from './lambda-service.ts'
import { prepareOwnProject, testOwnProject } from './own-project.ts'
import { testRepository } from './repository.ts'
import { addCertificates, cloneRepository, sideBySide, startSession } from './session.ts'
import { testUnusualPlaces } from './unusual-places.ts'

test('functions are built in a container, for every Lambda OS', {
  skip: whyNoEngine(),
  timeout: 1_800_000,
}, async (t) => {
  const started = await startSession(t, (engine) =>
    sideBySide([cloneRepository(engine, 'project'), prepareOwnProject(t, engine)]),
  )
  if (started === undefined) {
    return
  }
  const { session } = started
  const [project, ownProject] = started.prepared
  await t.test('a Node.js of another SHA-256 than the pinned one is not used', async ({ assert }) => {
    const variables = { NODE_X64_SHA256: '0'.repeat(64) }
    const { status, output } = await session.compose(project, ['build'], { variables })
    assert.notEqual(status, 0)
    assert.match(
      output,
      new RegExp(`should have the SHA-256 0{64} and came with ${session.mirror.sha256.x64}`),
    )
  })
  // Without them until here: the step that takes them does without, too.
  addCertificates(project)
  await testRepository(t, session, project)
  await testInterruptions(t, session, project)
  await testUnusualPlaces(t, session, project)
  await testLambdaService(t, session, project)
  await t.test('everything goes: containers and network', async ({ assert }) => {
    assert.equal((await session.compose(project, ['down', '--timeout', '1'])).status, 0)
  })
  await testOwnProject(t, session, ownProject)
})
