import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { writeGrowthFunctions } from '../../scripts/bench/growth.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

async function bundled(t: TestContext, entry: string): Promise<{ bytes: number; handler: Handler }> {
  const outfile = join(temporaryFolder(t), 'bundle.mjs')
  await build({ entryPoints: [entry], outfile, bundle: true, minify: true, format: 'esm', platform: 'node' })
  const { handler } = await import(pathToFileURL(outfile).href)
  return { bytes: readFileSync(outfile).length, handler }
}

type Handler = (event: Record<string, unknown>, context: object) => Promise<Record<string, unknown>>

test('the code is in both bundles, and not in the one to compare with', async (t) => {
  const { entries, bytes } = await writeGrowthFunctions(temporaryFolder(t), 0.3)
  assert.ok(bytes >= 300_000 && bytes < 500_000, `${bytes} bytes`)
  assert.ok((await bundled(t, entries.none)).bytes < 1000)
  for (const entry of [entries.unreached, entries.uncalled]) {
    const { bytes: whole, handler } = await bundled(t, entry)
    assert.ok(whole >= bytes * 0.95, `${whole} of ${bytes} bytes`)
    assert.deepEqual((await handler({ a: 1 }, { getRemainingTimeInMillis: () => 1000 })).event, { a: 1 })
  }
})

test('the code works when it is called after all', async (t) => {
  const folder = temporaryFolder(t)
  const { entries } = await writeGrowthFunctions(folder, 0.1)
  const [name] =
    /(?<=registry\.set\(')\w+_0_\d+(?=')/.exec(readFileSync(join(folder, 'library/part-0.js'), 'utf8')) ?? []
  assert.ok(name)
  const { handler } = await bundled(t, entries.unreached)
  assert.ok((await handler({ call: name }, {})).kind)
})

test('the code is the same each time', async (t) => {
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)]
  for (const folder of [first, second]) {
    await writeGrowthFunctions(folder, 0.1)
  }
  const part = (folder: string) => readFileSync(join(folder, 'library', 'part-1.js'), 'utf8')
  assert.equal(part(first), part(second))
})
