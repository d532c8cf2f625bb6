import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { replaceSection } from '../../scripts/bench/written-sections.ts'

for (const file of ['README.md', 'docs/cold-starts.md']) {
  const document = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

  test(`what is between the markers of ${file} is replaced, and nothing else`, () => {
    const once = replaceSection(document, 'first')
    const twice = replaceSection(once, 'second')
    assert.ok(once.includes('\n\nfirst\n\n'))
    assert.equal(twice, once.replace('\n\nfirst\n\n', '\n\nsecond\n\n'))
    const [before = '', after = ''] = once.split('\n\nfirst\n\n')
    assert.ok(document.startsWith(before) && document.endsWith(after))
    assert.match(before, /## (How fast|The figures)\n/)
  })
}

test('a document without the markers is refused', () => {
  const document = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  assert.throws(() => replaceSection('# A document\n', 'first'), /expected the lines .* each once/)
  assert.throws(() => replaceSection(document + document, 'first'), /each once/)
})
