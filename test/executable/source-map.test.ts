/** Source maps read in part, held against Node.js's decoder, which reads them whole. */

import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { describe, test } from 'node:test'
import { build, transform } from 'esbuild'
import { findOrigin, type IndexedSourceMap, withPlaces } from '../../src/executable/source-map.ts'

/** What Node.js says of a place, in our form. */
function byNode(map: SourceMap, line: number, column: number): ReturnType<typeof findOrigin> {
  const entry = map.findEntry(line, column)
  return 'originalSource' in entry && entry.originalSource
    ? { source: entry.originalSource, line: entry.originalLine, column: entry.originalColumn }
    : undefined
}

/** Compares many places of a generated text, and those next to each line's ends. */
function assertSame(json: string, code: string): void {
  const whole = new SourceMap(JSON.parse(json))
  const indexed = JSON.parse(withPlaces(json)) as IndexedSourceMap
  const { x_lambdabin_places: _, ...plain } = indexed
  const lines = code.split('\n')
  for (let line = 0; line < lines.length; line += Math.max(1, Math.floor(lines.length / 300))) {
    const text = lines[line] ?? ''
    const step = Math.max(1, Math.floor(text.length / 300))
    for (let column = 0; column <= text.length + 1; column += step) {
      assert.deepEqual(findOrigin(indexed, line, column), byNode(whole, line, column), `${line}:${column}`)
    }
  }
  // A map without places is read from its beginning.
  const [line, column] = [lines.length - 2, 3]
  assert.deepEqual(findOrigin(plain, line, column), findOrigin(indexed, line, column))
}

async function bundled(entry: string, minify: boolean): Promise<{ json: string; code: string }> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    minify,
    write: false,
    sourcemap: 'external',
    outfile: 'out.js',
    logLevel: 'silent',
  })
  const [map, code] = ['.map', '.js'].map((ending) => outputFiles.find(({ path }) => path.endsWith(ending)))
  return { json: map?.text ?? '', code: code?.text ?? '' }
}

describe('a place in the generated code is told where it comes from as Node.js tells it', () => {
  for (const minify of [false, true]) {
    test(`in the AWS SDK and zod, ${minify ? '' : 'not '}minified`, async () => {
      const entry = `export * from '@aws-sdk/client-dynamodb'; export * from 'zod'`
      const { json, code } = await bundled(entry, minify)
      assert.ok(JSON.parse(json).mappings.length > 100_000)
      assertSame(json, code)
    })
  }

  test('where lines are empty, columns go back, and what is not ASCII is in the sources', async () => {
    const source =
      '\n\n/* 世界 */ const a = () => {\n\n  throw new Error("ü")\n}\n\n\nexport { a }; a(); a()\n'
    for (const minify of [true, false]) {
      const { code, map } = await transform(source, { sourcemap: 'external', sourcefile: 'ä.ts', minify })
      assertSame(map, code)
    }
  })

  test('where segments have no source, or there are none at all', () => {
    // Columns 0 (from 0:0), 4 (from nowhere), 8 (from 1:2, with a name), and a line of nothing.
    assertSame(
      '{"version":3,"sources":["a.ts"],"names":["n"],"mappings":"AAAA,I,IACEA;;AAAA"}',
      `${'x'.repeat(12)}\n\nyy\n`,
    )
    assertSame('{"version":3,"sources":[],"names":[],"mappings":""}', 'x\n')
    assertSame('{"version":3,"sources":[null],"names":[],"mappings":"AAAA"}', 'x\n')
  })
})

test('what was asked for is found without reading what is before it', () => {
  const segments = Array.from({ length: 100_000 }, () => 'CAAC')
  const json = JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: segments.join(',') })
  const map = JSON.parse(withPlaces(json)) as IndexedSourceMap
  let read = 0
  const counted: IndexedSourceMap = {
    ...map,
    mappings: Object.assign(Object.create(null), {
      length: map.mappings.length,
      charCodeAt: (index: number) => {
        read++
        return map.mappings.charCodeAt(index)
      },
    }),
  }
  assert.deepEqual(findOrigin(counted, 0, 90_000), { source: 'a.ts', line: 0, column: 90_000 })
  assert.ok(read < 10_000, `${read} characters were read`)
})

test('a map of a form that is not known is left as it is', () => {
  const sections = '{"version":3,"sections":[],"mappings":""}'
  assert.equal(withPlaces(sections), sections)
  assert.equal(withPlaces('{"version":3}'), '{"version":3}')
})
