import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordedOptionWords } from '../../../src/inspect/package/option-words.ts'

test('a record’s options are told as the command line has them', () => {
  assert.deepEqual(
    recordedOptionWords({
      ...{ init: 'build', intl: ['en', 'de'], external: ['sharp', 'pg'], minify: false, strict: true },
      ...{ event: 2, node: true, esbuild: ['define'] },
    }),
    [
      ...['--init build', '--intl en,de', '--external sharp', '--external pg', '--no-minify', '--strict'],
      ...['--event (2 of them)', '--node', 'esbuild’s define'],
    ],
  )
  assert.deepEqual(recordedOptionWords(null), [])
})
