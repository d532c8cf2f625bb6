import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import {
  findWorkingFolderPaths,
  mayReadWorkingFolder,
} from '../../../../src/compiler/dependencies/own/working-folder.ts'
import { describeMissingFiles } from '../../../../src/compiler/dependencies/plan-notes.ts'
import { parseModule } from '../../../../src/compiler/syntax-tree.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

const IMPORTS = "import path, { join, resolve } from 'node:path'\n"

function pathsIn(statements: string): string[] {
  const code =
    statements.includes('Promise((') || statements.includes('require(') ? statements : IMPORTS + statements
  const program = parseModule(code)
  assert.ok(program)
  return mayReadWorkingFolder(code) ? findWorkingFolderPaths(program) : []
}

for (const [code, paths] of Object.entries({
  "readFileSync('./src/prices.json', 'utf8')": ['src/prices.json'],
  "await fs.promises.readFile('prices.json')": ['prices.json'],
  'createReadStream(`pages/a.html`)': ['pages/a.html'],
  "readdirSync(join('pages', kind))": ['pages'],
  "join(process.cwd(), 'pages', name + '.html')": ['pages'],
  "path.resolve(process.cwd(), './pages/a.html')": ['pages/a.html'],
  "process.cwd() + '/pages/a.html'": ['pages/a.html'],
  "process.cwd() + '/pages/' + name": ['pages'],
  '`${process.cwd()}/pages/${name}.html`': ['pages'],
  '`${process.cwd()}/prices-${year}/all.json`': [],
  "path.join(process.env.LAMBDA_TASK_ROOT ?? __dirname, 'pages')": ['pages'],
  "path.join(process.env['LAMBDA_TASK_ROOT'], 'pages')": ['pages'],
  "const { resolve } = require('path'); resolve('pages')": ['pages'],
  "const path = require('node:path'); path.resolve('pages')": ['pages'],
  "const root = resolve('pages'); readFile(join(root, 'a'))": ['pages'],
  "[join(process.cwd(), 'a'), resolve('a'), readFileSync('a')]": ['a'],
  // Others than that folder, or all of it.
  "readFileSync('/tmp/a.json')": [],
  "join(__dirname, 'pages')": [],
  "readFileSync(new URL('./a.json', import.meta.url))": [],
  "resolve(process.cwd(), '..', 'a')": [],
  'readdir(process.cwd())': [],
  "readdirSync('.')": [],
  "resolve(process.cwd(), '/opt/a')": [],
  "glob(process.cwd() + '/entities/*.js')": [],
  "Promise.resolve('pages')": [],
  "new Promise((resolve) => resolve('pages'))": [],
  "import.meta.resolve('pages')": [],
  "require.resolve('pages')": [],
  "join('a', 'b').split('/')": [],
  "open('https://example.com/a')": [],
})) {
  test(`what is read of the working folder: ${code}`, () => {
    assert.deepEqual(pathsIn(code), paths)
  })
}

test('what is there of it and not in the package is noted, and looked for anew', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'src/prices.json': '{}',
    'pages/a.html': '<p>',
    'src/orders.ts': `
      import { readFileSync } from 'node:fs'
      export const handler = (name: string): unknown =>
        [readFileSync('src/prices.json'), readFileSync(\`\${process.cwd()}/pages/\${name}\`), readFileSync('./absent')]`,
  })
  const { packages } = await bundleFunction(join(project, 'src/orders.ts'), {
    minify: true,
    externals: [],
    bundled: [],
  })
  const notes = (...paths: string[]) => describeMissingFiles(packages, { paths, root: project })
  assert.deepEqual(notes(), [
    'the function reads src/prices.json, which is not in the package; ship it with --include src/prices.json',
    'the function reads pages, which is not in the package; ship it with --include pages',
  ])
  assert.deepEqual(notes('src', 'pages'), [])
  assert.ok(packages.lookedFor.includes(join(project, 'absent')))
})
