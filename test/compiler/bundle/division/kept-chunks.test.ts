import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuthorOptions } from '../../../../src/compiler/bundle/author-options.ts'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryCacheHome, temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

const FILES = {
  'package.json': { type: 'module' },
  'tsconfig.json': { compilerOptions: { alwaysStrict: false } },
  'src/orders.ts': `
    import { add } from 'adder'
    import text from './text.txt'
    export const handler = async () => [add(1, 2), text, (await import('./late.ts')).late]`,
  'src/late.ts': `import { shared } from './shared.ts'\nexport const late = shared`,
  'src/shared.ts': 'export const shared = "shared"\nexport const unused = 1',
  'src/text.txt': 'text',
  'node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
  'node_modules/adder/index.js': 'exports.add = (a, b) => a + b\n//# sourceMappingURL=index.js.map',
  'node_modules/adder/index.js.map': sourceMap('add.ts'),
}

/** That of a module whose first line is the first of `source`. */
function sourceMap(source: string): string {
  return JSON.stringify({ version: 3, sources: [source], names: [], mappings: 'AAAA' })
}

function project(t: TestContext) {
  const home = temporaryCacheHome(t)
  const folder = writeFiles(temporaryFolder(t), FILES)
  const kept = join(home, 'lambdabin/chunks')
  const bundle = (esbuild: AuthorOptions = {}, isForced = false) =>
    bundleFunction(
      join(folder, 'src/orders.ts'),
      { minify: false, esbuild, externals: [], bundled: [], root: folder } as never,
      { isForced },
    )
  return {
    file: (path: string) => join(folder, path),
    bundle,
    /** How many functions' chunks are kept. */
    count: () => (existsSync(kept) ? readdirSync(kept).length : 0),
  }
}

test('chunks are made once of the same, and are those that are made anew', async (t) => {
  const { bundle, count } = project(t)
  const first = await bundle()
  assert.equal(first.chunks.length, 1)
  assert.equal(count(), 1)
  const second = await bundle()
  assert.equal(count(), 1)
  const forced = await bundle({}, true)
  for (const again of [second, forced]) {
    assert.deepEqual([again.entry, ...again.chunks], [first.entry, ...first.chunks])
  }
})

for (const [what, change] of Object.entries<(file: (path: string) => string) => void>({
  'the entry': (file) => appendFileSync(file('src/orders.ts'), '\nexport const more = 1'),
  'a module that is loaded late': (file) => writeFileSync(file('src/late.ts'), 'export const late = 2'),
  'what is in no chunk of it': (file) => appendFileSync(file('src/shared.ts'), '\nexport const none = 2'),
  'a text that is imported': (file) => writeFileSync(file('src/text.txt'), 'another'),
  'a package': (file) => appendFileSync(file('node_modules/adder/index.js'), '\nexports.more = 1'),
  "a package's source map": (file) =>
    writeFileSync(file('node_modules/adder/index.js.map'), sourceMap('another.ts')),
  "a package's manifest": (file) =>
    writeFileSync(file('node_modules/adder/package.json'), '{"name":"adder","version":"2.0.0"}'),
  // Seen in scripts only, not in the first bundle.
  "TypeScript's settings": (file) =>
    writeFileSync(file('tsconfig.json'), '{"compilerOptions":{"alwaysStrict":true}}'),
  'where an import leads': (file) =>
    writeFiles(file('src/node_modules/adder'), { 'index.js': 'exports.add = () => 0' }),
})) {
  test(`another ${what} makes others, as they are made anew`, async (t) => {
    const { bundle, count, file } = project(t)
    await bundle()
    change(file)
    const changed = await bundle()
    assert.equal(count(), 2)
    const forced = await bundle({}, true)
    assert.deepEqual([changed.entry, ...changed.chunks], [forced.entry, ...forced.chunks])
  })
}

test('an option makes others, and with a plugin, which may do anything, none are kept', async (t) => {
  const { bundle, count } = project(t)
  await bundle()
  const footed = await bundle({ footer: { js: '/* foot */' } })
  assert.match(footed.entry.code.toString(), /foot/)
  assert.equal(count(), 2)
  await bundle({ plugins: [{ name: 'any', setup: () => {} }] })
  assert.equal(count(), 2)
})
