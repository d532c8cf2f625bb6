/** What the documentation promises of itself. */

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { replaceSection } from '../scripts/bench/written-sections.ts'
import { HELP_MARKERS, renderHelp } from '../scripts/help-page.ts'
import { PROJECT } from './support/source-imports.ts'

const read = (path: string): string => readFileSync(join(PROJECT, path), 'utf8')
const PAGES = globSync(['*.md', 'docs/*.md'], { cwd: PROJECT }).toSorted()

test('each link leads to a file, and to a heading in it', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) {
        continue
      }
      const [file = '', heading] = target.split('#')
      const path = file === '' ? page : join(dirname(page), file)
      assert.ok(existsSync(join(PROJECT, path)), `${page} links to ${target}`)
      if (heading !== undefined) {
        assert.ok(
          headings(read(path)).includes(heading),
          `${page} links to ${target}, a heading that is not there`,
        )
      }
    }
  }
})

test('what pages of the npm package link to is in it, and it says where its repository is, which its page completes links with', () => {
  const { files, repository, bugs, homepage } = JSON.parse(read('package.json'))
  // npm adds these two by itself.
  const packed: string[] = [...files, 'README.md', 'LICENSE']
  for (const page of PAGES.filter((name) => packed.includes(name) || name.startsWith('docs/'))) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s#]+)[^)\s]*\)/g)) {
      const path = join(dirname(page), target)
      const isPacked = packed.some((each) => path === each || path.startsWith(`${each}/`))
      assert.ok(/^[a-z]+:/.test(target) || isPacked || NOT_PACKED.includes(path), `${page} links to ${path}`)
    }
  }
  const url = repository.url.replace(/^git\+|\.git$/g, '')
  assert.deepEqual([bugs.url, homepage], [`${url}/issues`, `${url}#readme`])
})

/** For who works on lambdabin: in the repository only. */
const NOT_PACKED = ['CONTRIBUTING.md', 'SECURITY.md']

/** What the project of a user may have. */
const OF_USERS = /^src\/(functions\/)?(orders|users|jobs|hello)\b/

test('each file of the project that a page names is there', () => {
  for (const page of PAGES.filter((name) => name !== 'CHANGELOG.md')) {
    for (const [, path = ''] of read(page).matchAll(
      /`((?:src|test|scripts|bin|base-node)\/[\w./-]*[\w/])`/g,
    )) {
      if (!OF_USERS.test(path)) {
        assert.ok(existsSync(join(PROJECT, path)), `${page} names ${path}`)
      }
    }
  }
})

test('each page of docs/ is found from the README', () => {
  const readme = read('README.md')
  for (const page of PAGES.filter((name) => name.startsWith('docs/'))) {
    assert.ok(readme.includes(`](${page})`), page)
  }
})

test('the README is for the first ten minutes: under 150 lines', () => {
  assert.ok(read('README.md').split('\n').length < 150)
})

test('docs/command-line.md has what --help prints; else run `npm run help-page`', () => {
  const page = read('docs/command-line.md')
  assert.equal(page, replaceSection(page, renderHelp(), HELP_MARKERS))
})

/** As GitHub names them: `Where the time goes` is `where-the-time-goes`. */
function headings(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  )
}
