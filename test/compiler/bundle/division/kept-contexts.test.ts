import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

const MODULE = new URL('../../../../src/compiler/bundle/bundle-function.ts', import.meta.url)

/** Functions `f1.mjs`, …, of which each has an own value and one that it loads late; both share a module. */
function project(t: TestContext, count: number): string {
  const functions = Array.from({ length: count }, (_, index) => [
    `f${index + 1}.mjs`,
    `import { shared } from './shared.mjs'
     export const handler = async () => [${index + 1}, shared, (await import('./late${index % 2}.mjs')).late()]`,
  ])
  return writeFiles(temporaryFolder(t), {
    'package.json': {},
    ...Object.fromEntries(functions),
    'shared.mjs': `export const shared = 'first one'; export const late = () => 'late'`,
    'late0.mjs': `import { shared } from './shared.mjs'; export const late = () => ['late', shared]`,
    'late1.mjs': `import { late as from } from './shared.mjs'; export const late = () => from()`,
  })
}

async function codesOf(entry: string): Promise<string[]> {
  const { entry: own, chunks } = await bundleFunction(
    entry,
    { minify: true, externals: [], bundled: [] },
    { isForced: true },
  )
  return [own, ...chunks].map(({ code, sourceMap }) => `${code}\n${sourceMap}`)
}

test('functions that are bundled one after another and at once have the code that each has by itself', async (t) => {
  const folder = project(t, 4)
  const entries = [1, 2, 3, 4].map((number) => join(folder, `f${number}.mjs`))
  const atOnce = await Promise.all(entries.map(codesOf))
  for (const [index, entry] of entries.entries()) {
    const program = `const { bundleFunction } = await import(${JSON.stringify(MODULE.href)})
      const { entry, chunks } = await bundleFunction(${JSON.stringify(entry)}, { minify: true, externals: [], bundled: [] }, { isForced: true })
      process.stdout.write(JSON.stringify([entry, ...chunks].map(({ code, sourceMap }) => code + '\\n' + sourceMap)))`
    // It ends by itself, although esbuild has something of it.
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    assert.equal(status, 0)
    assert.equal(atOnce[index]?.length, 2)
    assert.deepEqual(atOnce[index], JSON.parse(stdout))
    assert.deepEqual(await codesOf(entry), atOnce[index])
  }
})

test('what has changed since the last bundle is in the next, and a mistake is not kept', async (t) => {
  const folder = project(t, 1)
  const entry = join(folder, 'f1.mjs')
  const shared = (text: string) =>
    writeFileSync(
      join(folder, 'shared.mjs'),
      `export const shared = ${text}; export const late = () => 'late'`,
    )
  assert.match((await codesOf(entry)).join(), /first one/)
  shared(`'other one'`)
  const changed = (await codesOf(entry)).join()
  assert.match(changed, /other one/)
  assert.doesNotMatch(changed, /first one/)
  shared(`'`)
  await assert.rejects(codesOf(entry), { name: 'BundleError' })
  shared(`'last one'`)
  assert.match((await codesOf(entry)).join(), /last one/)
})
