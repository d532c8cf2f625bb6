import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatRanges,
  joinRanges,
  pagesOf,
  parseRanges,
} from '../../../src/compiler/read-ahead/page-ranges.ts'

test('ranges in any order that meet, overlap or are near become one', () => {
  const ranges = parseRanges('20+5 0+2 2+1 22+1 9+1')
  assert.equal(formatRanges(joinRanges(ranges, 0)), '0+3 9+1 20+5')
  assert.equal(formatRanges(joinRanges(ranges, 5)), '0+3 9+1 20+5')
  assert.equal(formatRanges(joinRanges(ranges, 6)), '0+10 20+5')
  assert.deepEqual(joinRanges([], 4), [])
})

test('a page counts when one byte of it does', () => {
  assert.deepEqual(pagesOf(4095, 4097), { start: 0, count: 2 })
  assert.deepEqual(pagesOf(4096, 8192), { start: 1, count: 1 })
})
