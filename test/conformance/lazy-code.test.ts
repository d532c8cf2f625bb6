/** Code that an `import()` loads when an invocation needs it, over raw sockets against a built executable. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { buildFunction } from '../support/projects/built-function.ts'
import {
  assertGoesOn,
  fixture,
  invoke,
  startFixture,
  useFixtures,
} from '../support/runtime-api/conformance.ts'

// AWS's client has neither texts nor code caches of their own.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

useFixtures('lazy')

const ask = async (event: unknown) => (await invoke(event)).json<unknown>()

test('it runs when it is reached, once, and sees what the entry changes', async () => {
  startFixture('lazy')
  assert.deepEqual(await ask({ what: 'ran' }), ['lazy'])
  assert.deepEqual(await ask({ what: 'price', amount: 3 }), { total: 3, price: 2, before: 6, after: 10 })
  assert.deepEqual(await ask({ what: 'price', amount: 1 }), { total: 4, price: 10, before: 40, after: 10 })
  assert.deepEqual(await ask({ what: 'ran' }), ['lazy', 'price'])
})

test('import()s at the same time get the same', async () => {
  startFixture('lazy')
  assert.equal(await ask({ what: 'prices' }), 1)
  assert.deepEqual(await ask({ what: 'ran' }), ['lazy', 'price'])
})

test('a CommonJS module has its exports by name and as default', async () => {
  startFixture('lazy')
  assert.deepEqual(await ask({ what: 'old' }), [42, 'old', 'function'])
})

test('its errors have their names, and their places in TypeScript', async () => {
  startFixture('lazy')
  const answer = await invoke({ what: 'throws', amount: 7 })
  assert.equal(answer.kind, 'error')
  const { errorType, errorMessage, trace } = answer.json<{
    errorType: string
    errorMessage: string
    trace: string[]
  }>()
  assert.deepEqual([errorType, errorMessage], ['PriceRefused', 'no price for 7'])
  assert.match(trace[1] ?? '', /at .*refuse \(.*fixtures\/functions\/lazy-parts\/price\.ts:28:9\)/)
  assert.match(trace.join('\n'), /fixtures\/functions\/lazy\.ts:31:54/)
  await assertGoesOn()
})

test('a part that cannot be loaded fails each invocation that needs it, and is tried once', async () => {
  startFixture('lazy')
  for (let time = 0; time < 2; time++) {
    const answer = await invoke({ what: 'broken' })
    assert.equal(answer.kind, 'error')
    const document = answer.json<{ errorMessage: string; trace: string[] }>()
    assert.equal(document.errorMessage, 'this part cannot be loaded')
    assert.match(document.trace[1] ?? '', /lazy-parts\/broken\.ts:3:7/)
  }
  assert.deepEqual(await ask({ what: 'ran' }), ['lazy', 'broken'])
})

/** What the executable's self-test says of its code caches. */
async function cacheStates(executable: string): Promise<Record<string, string>> {
  const env = {
    AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
    _HANDLER: 'lazy',
    LAMBDA_TASK_ROOT: dirname(executable),
  }
  const run = promisify(execFile)(executable, ['--lambdabin-self-test'], { env, timeout: 20_000 })
  const { stderr } = (await run.catch((error) => error)) as { stderr: string }
  return Object.fromEntries(
    [...stderr.matchAll(/code cache of the ([\w-]+): (\w+)/g)].map(([, name, state]) => [name, state]),
  )
}

test('V8 accepts the code cache of each part, reached by a sample event or not', { skip }, async (t) => {
  const expected = {
    launcher: 'accepted',
    runtime: 'accepted',
    function: 'accepted',
    'function-1': 'accepted',
    'function-2': 'accepted',
    'function-3': 'accepted',
  }
  assert.deepEqual(await cacheStates(fixture('lazy').executable), expected)
  const folder = await mkdtemp(join(tmpdir(), 'lambdabin-test-'))
  t.after(() => rm(folder, { recursive: true }))
  const event = join(folder, 'event.json')
  await writeFile(event, JSON.stringify({ what: 'price' }))
  const warm = await buildFunction('lazy', '--event', event)
  t.after(() => warm.remove())
  assert.deepEqual(await cacheStates(warm.executable), expected)
})
