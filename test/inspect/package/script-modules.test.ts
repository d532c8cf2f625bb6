import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { transformSync } from 'esbuild'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { moduleSpans } from '../../../src/inspect/package/script-modules.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { fixturePath } from '../../support/projects/built-function.ts'
import { writeFiles } from '../../support/projects/files.ts'

for (const minify of [true, false]) {
  test(`a chunk is divided among its modules, about as the bundler counts them: ${minify ? '' : '--no-'}minify`, async () => {
    const { entry, chunks } = await bundleFunction(
      fixturePath('libraries-middleware.ts'),
      { minify, externals: [], bundled: [] },
      { split: true },
    )
    for (const { code, sourceMap, modules } of [entry, ...chunks]) {
      const spans = moduleSpans(code, sourceMap, modules)
      assert.equal(spans[0]?.start, 0)
      assert.equal(spans.at(-1)?.end, code.length)
      for (const [index, { start }] of spans.entries()) {
        assert.equal(start, index === 0 ? 0 : spans[index - 1]?.end)
      }
      const sizes = new Map<string | undefined, number>()
      for (const { module, start, end } of spans) {
        sizes.set(module, (sizes.get(module) ?? 0) + end - start)
      }
      const off = [...modules].reduce(
        (sum, [path, bytes]) => sum + Math.abs((sizes.get(path) ?? 0) - bytes),
        0,
      )
      assert.ok(
        off < code.length / 10,
        `${off} of ${code.length} bytes are another module’s than the bundler says`,
      )
    }
  })
}

test('modules that were compiled before, with source maps that name other files, are those of their packages', async (t) => {
  const compiled = (name: string, source: string) => {
    const text = `export const ${name} = (order) => [${JSON.stringify(name.repeat(200))}, order]`
    const { code, map } = transformSync(text, { sourcemap: true, sourcefile: source })
    return {
      code: `${code}//# sourceMappingURL=${name}.js.map`,
      map: map.replace(/"sources":\[[^\]]*/, `"sources":["${source}"`),
    }
  }
  const [a, b, c] = [
    compiled('first', 'webpack:///src/code.ts'),
    compiled('second', 'webpack:///src/code.ts'),
    compiled('third', '../../src/sql.ts'),
  ]
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'node_modules/packed/package.json': { name: 'packed', main: 'first.js' },
    'node_modules/packed/first.js': `export * from './second.js'\n${a.code}`,
    'node_modules/packed/first.js.map': a.map,
    'node_modules/packed/second.js': b.code,
    'node_modules/packed/second.js.map': b.map,
    'node_modules/tables/package.json': { name: 'tables', main: 'third.js' },
    'node_modules/tables/third.js': c.code,
    'node_modules/tables/third.js.map': c.map,
    'orders.ts': `
      import { first, second } from 'packed'
      import { third } from 'tables'
      export const handler = async (event: unknown) => [first(event), second(event), third(event)]`,
  })
  const { entry } = await bundleFunction(join(folder, 'orders.ts'), {
    minify: true,
    externals: [],
    bundled: [],
  })
  const spans = moduleSpans(entry.code, entry.sourceMap, entry.modules)
  assert.deepEqual(
    spans.map(({ module }) => module).filter((module) => module !== undefined && module !== 'orders.ts'),
    ['node_modules/packed/second.js', 'node_modules/packed/first.js', 'node_modules/tables/third.js'],
  )
  for (const { module, start, end } of spans) {
    const bytes = entry.modules.get(module ?? '')
    assert.ok(
      bytes === undefined || Math.abs(end - start - bytes) < 100,
      `${module}: ${end - start}, ${bytes}`,
    )
  }
})
