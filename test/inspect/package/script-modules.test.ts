import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { moduleSpans } from '../../../src/inspect/package/script-modules.ts'
import { fixturePath } from '../../support/projects/built-function.ts'

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
