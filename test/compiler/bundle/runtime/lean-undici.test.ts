import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { build, type Metafile } from 'esbuild'
import { bundleRuntime } from '../../../../src/compiler/bundle/bundle-runtime.ts'
import { leanUndici } from '../../../../src/compiler/bundle/runtime/lean-undici.ts'
import { PROJECT } from '../../../support/source-imports.ts'

test('what is replaced in undici is all there, and nothing else of it is bundled', async () => {
  const { notes } = await bundleRuntime()
  assert.deepEqual(notes, [])
})

/** What is said of the runtime as it would be bundled with another undici. */
async function checkWith(change: (metafile: Metafile) => Metafile, entry = 'src/runtime/main.ts') {
  const undici = leanUndici()
  const { metafile } = await build({
    entryPoints: [join(PROJECT, entry)],
    absWorkingDir: PROJECT,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    plugins: [undici.plugin],
  })
  return undici.check(change(metafile))
}

test('a file of undici that is not expected is told', async () => {
  const notes = await checkWith(({ inputs, outputs }) => {
    const added = { 'node_modules/undici/lib/dispatcher/client-h3.js': { bytes: 1, imports: [] } }
    return { inputs: { ...inputs, ...added }, outputs }
  })
  assert.equal(notes.length, 1)
  assert.match(notes[0] ?? '', /holds undici's dispatcher\/client-h3\.js, .*; take the undici/)
})

test('a module of undici that is not imported as expected is told', async () => {
  const notes = await checkWith((metafile) => metafile, 'src/runtime/context.ts')
  assert.ok(notes.length > 10)
  assert.match(notes.join('\n'), /undici has no import like \\\/client-h1.*which lambdabin replaces/)
})
