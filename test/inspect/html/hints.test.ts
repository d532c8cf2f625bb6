import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hintsFor } from '../../../src/inspect/html/hints.ts'
import type { Inspection } from '../../../src/inspect/package/inspection.ts'
import { partTree } from '../../../src/inspect/package/part-tree.ts'
import type { StartMeasurement } from '../../../src/inspect/start/measure-start.ts'

const text = (name: string, file: string, bytes: number) => ({
  path: ['function', 'text', name, file],
  bytes,
  zippedBytes: bytes / 4,
})
const icu = (language: string, zippedBytes: number) => ({
  path: ['Node.js', 'ICU data', 'locales', language, 'dates'],
  bytes: 3 * zippedBytes,
  zippedBytes,
})

const parts = partTree('orders', [
  text('moment', 'locale/de.js', 70_000),
  text('moment', 'moment.js', 30_000),
  text('your code', 'orders.ts', 100_000),
  icu('en', 100_000),
  icu('de', 4e6),
])
const moment = {
  name: 'moment',
  versions: ['1.0.0', '2.0.0'],
  modules: 2,
  bytes: 100_000,
  zippedBytes: 25_000,
}
const inspection = { parts, packages: [moment], options: {} } as unknown as Inspection
const start = {
  timeline: {
    modules: [
      { path: 'node_modules/pdfkit/a.js', ownMs: 5, phase: 'init' },
      { path: 'node_modules/pdfkit/b.js', ownMs: 4, phase: 'init' },
      { path: 'node_modules/later/c.js', ownMs: 40, phase: 'invocation' },
      { path: 'src/orders.ts', ownMs: 40, phase: 'init' },
    ],
    builtins: [
      {
        id: 'node:crypto',
        askedBy: 'node_modules/uuid/rng.js',
        ms: 3,
        loaded: ['crypto', 'internal/crypto/hash'],
      },
      { id: 'node:os', askedBy: 'node_modules/uuid/rng.js', ms: 0.1, loaded: ['os'] },
      { id: 'node:net', askedBy: 'runtime', ms: 9, loaded: ['net'] },
    ],
  },
  scripts: [{ file: 'function.js', cache: 'rejected', compileMs: 7 }],
} as unknown as StartMeasurement

test('hints come from what was measured, and those that save most of a start are first', () => {
  assert.deepEqual(
    hintsFor(inspection, start).map(({ text: words, ms, bytes }) => [words, ms ?? null, bytes ?? null]),
    [
      ['pdfkit initialises 9.0 ms: behind an import(), where not every invocation needs it?', 9, null],
      [
        'V8 did not take the code cache of function.js: build the package again, with the Node.js that it has',
        7,
        null,
      ],
      ['node:crypto is loaded for uuid: 3.0 ms, 2 modules of Node.js', 3, null],
      [
        'ICU has 2 languages, 4.0 MB of the zip: --intl en has English only, and what of them the function needs can be named beside it',
        null,
        4e6,
      ],
      ['moment is 50% of the text, and its locale/ 70% of that', null, 25_000],
      [
        'moment is there in 2 versions (1.0.0, 2.0.0): one would do where the others’ dependents take it',
        null,
        12_500,
      ],
    ],
  )
})

test('a package that was built with --intl, and has no large part, has no hints', () => {
  const small = { parts: partTree('x', [icu('en', 100_000)]), packages: [], options: { intl: ['en'] } }
  assert.deepEqual(hintsFor(small as unknown as Inspection, undefined), [])
})
