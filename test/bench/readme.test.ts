import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { replaceSection } from '../../scripts/bench/readme.ts'

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')

test('what is between the markers of the README is replaced, and nothing else', () => {
  const once = replaceSection(README, 'first')
  const twice = replaceSection(once, 'second')
  assert.ok(once.includes('\n\nfirst\n\n'))
  assert.equal(twice, once.replace('\n\nfirst\n\n', '\n\nsecond\n\n'))
  const [before = '', after = ''] = once.split('\n\nfirst\n\n')
  assert.ok(README.startsWith(before) && README.endsWith(after))
  assert.match(before, /## How fast\n/)
})

test('a document without the markers is refused', () => {
  assert.throws(() => replaceSection('# A document\n', 'first'), /expected the lines .* each once/)
  assert.throws(() => replaceSection(README + README, 'first'), /each once/)
})
