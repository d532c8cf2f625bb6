/** What counts as the name of a package in the author's code, and what does not. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StringTexts } from '../../../../src/compiler/dependencies/named/string-texts.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

function textsOf(t: TestContext, code: string): StringTexts {
  return new StringTexts([join(writeFiles(temporaryFolder(t), { 'a.ts': code }), 'a.ts')])
}

test('a file’s name ends with it where a view engine is found by that', (t) => {
  const named = (code: string) => textsOf(t, code).endsFileName('ejs')
  assert.equal(named("response.render('page.ejs', {})"), true)
  assert.equal(named('response.render(`pages/page.ejs`)'), true)
  assert.equal(named("response.render('page.ejs.html')"), false)
  assert.equal(named("app.engine('.ejs', engine)"), false)
  assert.equal(named('// page.ejs'), false)
})

test('a path begins with it, and an import is none', (t) => {
  const texts = textsOf(t, "import a from 'pg'\nuse('pino/file')\nimport('redis')")
  assert.deepEqual(
    ['pg', 'pino', 'redis'].map((name) => texts.has(name)),
    [false, true, false],
  )
})

test('a name is computed by how plugins are called', (t) => {
  const named = (code: string) => textsOf(t, code).beginsComputedName('puppeteer-extra-plugin-stealth')
  assert.equal(named("load('puppeteer-extra-plugin-' + name)"), true)
  assert.equal(named(`load(\`puppeteer-extra-plugin-\${name}\`)`), true)
  assert.equal(named("load('puppeteer-extra-plugin')"), false)
  assert.equal(named("load('puppeteer-extra-plugin-adblocker')"), false)
  assert.equal(named("load('puppeteer-' + name)"), false)
})

test('what is asked of a project that is developed is not loaded', (t) => {
  const loaded = (code: string) => textsOf(t, code).isLoaded('typescript')
  assert.equal(loaded("tryRequire('typescript')"), true)
  assert.equal(loaded("require.resolve('typescript/package.json')"), true)
  assert.equal(loaded("require.resolve('typescript/lib/tsc.js', { paths: [root] })"), true)
  assert.equal(loaded("require.resolve('typescript/package.json', { paths: [root] })"), false)
})
