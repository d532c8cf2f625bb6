/** Entries that are programs as well: `#!/usr/bin/env node` in their first line. */

import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { AuthorOptionsError } from '../../../src/compiler/bundle/author-options.ts'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { checkFormat } from '../../../src/executable/format.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { temporaryFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const OPTIONS = { minify: true, externals: [], bundled: [] }

for (const [what, entry, code] of [
  ['an entry', 'orders.ts', 'export const handler = () => new Error("here")'],
  ['one that awaits', 'orders.mts', 'await 0; export const handler = () => new Error("here")'],
  ['a CommonJS entry', 'orders.cjs', 'exports.handler = () => new Error("here")'],
] as const) {
  test(`${what} with a hashbang is bundled without it, and its source map tells the lines as they are`, async (t) => {
    const folder = temporaryFiles(t, {
      'package.json': {},
      [entry]: `#!/usr/bin/env -S node --flag\n\n${code}\n`,
    })
    const bundled = await bundleFunction(join(folder, entry), OPTIONS)
    const text = bundled.entry.code.toString()
    checkFormat(text, entry)
    assert.ok((await loadBundle(bundled)).exports.handler() instanceof Error)
    const before = text.slice(0, text.indexOf('new Error')).split('\n')
    const map = new SourceMap(JSON.parse(bundled.entry.sourceMap.toString()))
    const origin = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0)
    assert.deepEqual('originalLine' in origin && [origin.originalSource, origin.originalLine], [entry, 2])
  })
}

test('a module that an import() leads to may have one, too', async (t) => {
  const folder = temporaryFiles(t, {
    'package.json': {},
    'orders.ts': '#!/usr/bin/env node\nexport const handler = async () => (await import("./late.ts")).late',
    'late.ts': '#!/usr/bin/env node\nexport const late = "late"',
  })
  const bundled = await bundleFunction(join(folder, 'orders.ts'), { ...OPTIONS }, { split: true })
  for (const { code } of [bundled.entry, ...bundled.chunks]) {
    checkFormat(code.toString(), 'a chunk')
  }
  assert.equal(bundled.chunks.length, 1)
  assert.equal(await (await loadBundle(bundled)).exports.handler(), 'late')
})

test('a function with a hashbang is built, starts and fails with the line that its author knows', async (t) => {
  const cwd = temporaryFiles(t, {
    'package.json': {},
    'orders.ts': '#!/usr/bin/env node\nexport const handler = async () => {\n  throw new Error("here")\n}\n',
  })
  const built = await runLambdabin(['build', 'orders.ts', '--only', 'folder'], { cwd })
  assert.equal(built.status, 0, built.stderr)
  const { stdout, stderr } = await runLambdabin(['invoke', 'dist/orders', '--timeout', '30'], { cwd })
  assert.match(stdout + stderr, /at \S*handler \(.*orders\.ts:3:9\)/)
})

test('a banner with a hashbang is refused with the reason', async (t) => {
  const folder = temporaryFiles(t, { 'package.json': {}, 'orders.ts': 'export const handler = () => 1' })
  const esbuild = { banner: { js: '#!/usr/bin/env node\nvar x' } }
  await assert.rejects(
    bundleFunction(join(folder, 'orders.ts'), { ...OPTIONS, esbuild }),
    (error) =>
      error instanceof AuthorOptionsError &&
      /option banner begins with #!\/usr\/bin\/env node, which .*; leave that line out$/.test(error.message),
  )
  const { status, stderr } = await runLambdabin(
    ['build', 'orders.ts', '--banner', 'js=#!/usr/bin/env node', '--arch', process.arch],
    { cwd: folder },
  )
  assert.equal(status, 2)
  assert.match(stderr, /^lambdabin: esbuild’s option banner begins with #!\/usr\/bin\/env node, which/m)
})
