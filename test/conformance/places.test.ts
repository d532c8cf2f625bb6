/** What code finds of its own place, and what it finds from there: as if it were a file in the task root. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fixture, invoke, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'

// AWS's client runs the function as a file of another name.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

useFixtures({
  name: 'places',
  files: {
    'node_modules/beside/package.json': {
      name: 'beside',
      exports: { import: './imported.mjs', require: './required.cjs' },
    },
    'node_modules/beside/imported.mjs': "export default 'imported'",
    'node_modules/beside/required.cjs': "module.exports = 'required'",
  },
})

test('a function is a file in the task root, and not the main one', { skip }, async () => {
  const { folder } = fixture('places')
  const file = `${folder}/function.js`
  startFixture('places')
  const facts = (await invoke()).json<Record<string, unknown>>()
  assert.deepEqual(
    [facts.file, facts.folder, facts.meta, facts.main],
    [
      file,
      folder,
      { dirname: folder, filename: file, main: false, url: pathToFileURL(file).href },
      [null, false],
    ],
  )
  assert.deepEqual(facts.argv, [fixture('places').executable, file])
  const { id, filename, paths } = facts.module as Record<string, unknown>
  assert.deepEqual([id, filename, (paths as string[])[0]], [file, file, `${folder}/node_modules`])
})

test('packages beside the executable are found from any working directory', { skip }, async () => {
  const { folder } = fixture('places')
  startFixture('places', 'places.finds')
  assert.deepEqual((await invoke({ name: 'beside' })).json(), {
    imported: 'imported',
    required: 'required',
    resolved: `${folder}/node_modules/beside/required.cjs`,
    created: 'required',
    meta: pathToFileURL(`${folder}/node_modules/beside/imported.mjs`).href,
    relative: pathToFileURL(`${folder}/data.json`).href,
    builtin: 'node:fs',
    missing: ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'],
  })
})

test('call sites name absolute paths, and stacks the TypeScript files, in all chunks', { skip }, async () => {
  const { folder } = fixture('places')
  startFixture('places', 'places.callers')
  const [[own], [[inChunk, caller], stack], mapped] = (await invoke({ mapped: true })).json<
    [string[], [string[], string], string]
  >()
  assert.equal(own, `${folder}/function.js`)
  assert.deepEqual([inChunk, caller], [`${folder}/function-1.js`, `${folder}/function.js`])
  assert.match(stack, /places-chunk\.ts:2:\d+/)
  assert.match(mapped, /places\.ts:\d+:\d+/)
})

test('the stack of a module that loads has the module alone, and nothing of what links chunks', {
  skip,
}, async () => {
  startFixture('places', 'places.loads')
  assert.match((await invoke()).json<string>(), /^Error: loading\n {4}at [^\n]*places\.ts:\d+:\d+\)?$/)
})

test('a name is resolved from the file that a call site names', { skip }, async () => {
  startFixture('places', 'places.resolvesFromCaller')
  assert.equal(
    (await invoke({ name: 'beside' })).json(),
    `${fixture('places').folder}/node_modules/beside/required.cjs`,
  )
})

test('whoever changes what require calls sees the modules of Node.js that the function requires', {
  skip,
}, async () => {
  startFixture('places', 'places.traced')
  assert.deepEqual((await invoke()).json(), ['node:zlib'])
})
