/** What packages read in the working folder, as `config` its settings, is told where it is there. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { findPackageReads } from '../../../../src/compiler/dependencies/installed/package-reads.ts'
import { describeMissingFiles } from '../../../../src/compiler/dependencies/plan-notes.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

for (const [code, paths] of Object.entries({
  "readdirSync(join(process.cwd(), 'config'))": ['config'],
  "const folder = Path.join( process.cwd(), 'config'); exports.load = () => fs.readFileSync(folder + name)": [
    'config',
  ],
  '`${process.cwd()}/git.properties`; fs.readFileSync(file)': ['git.properties'],
  "const given = require(path.resolve(process.cwd(), 'next-i18next.config.js'))": ['next-i18next.config.js'],
  // What a module of the author's would be told of, and a package may mean for anything.
  "readFileSync('./config/default.json'); path.resolve('views')": [],
  // Nothing is read.
  "const fs = require('fs'); fs.mkdirSync(join(process.cwd(), 'logs'))": [],
  // Of tools, and secrets.
  "readFileSync(join(process.cwd(), 'package.json'))": [],
  "readFileSync(join(process.cwd(), 'tsconfig.build.json'))": [],
  "readFileSync(join(process.cwd(), '.env'))": [],
  "readFileSync(join(process.cwd(), 'config/.secrets'))": [],
  "require(path.resolve(process.cwd() + '/node_modules/' + name))": [],
})) {
  test(`what a package reads of the working folder: ${code}`, () => {
    assert.deepEqual(findPackageReads(code), paths)
  })
}

const FILES = {
  'package.json': {},
  'config/default.json': '{}',
  'src/orders.ts': "import settings from 'settings'\nexport const handler = () => settings",
  'node_modules/settings/package.json': { name: 'settings' },
  'node_modules/settings/index.js': `
    const { join } = require('path'), { readFileSync } = require('fs')
    const read = (folder, name) => JSON.parse(readFileSync(join(folder, name)))
    exports.config = read(join(process.cwd(), 'config'), 'default.json')
    exports.absent = () => read(join(process.cwd(), 'absent'), 'default.json')
    exports.sources = () => read(join(process.cwd(), 'src'), 'default.json')`,
}

async function plan(t: TestContext, files: Parameters<typeof writeFiles>[1], externals: string[] = []) {
  const root = writeFiles(temporaryFolder(t), { ...FILES, ...files })
  const options = { minify: true, externals, bundled: [] }
  const { packages } = await bundleFunction(join(root, 'src/orders.ts'), options)
  return { packages, root }
}

const CONFIG =
  'settings reads config in the working folder, which is not in the package; ship it with --include config'

test('what is there of it, and not in the package, is noted, and looked for anew', async (t) => {
  const { packages, root } = await plan(t, {})
  const notes = (...paths: string[]) => describeMissingFiles(packages, { paths, root })
  assert.deepEqual(notes(), [CONFIG])
  assert.deepEqual(notes('config'), [])
  assert.ok(packages.lookedFor.includes(join(root, 'absent')))
})

test('of a package that is shipped, too', async (t) => {
  const { packages, root } = await plan(t, {
    'node_modules/settings/loader.js': 'module.exports = require',
    'node_modules/settings/main.js': "require = require('./loader'); module.exports = require('./index')",
    'node_modules/settings/package.json': { name: 'settings', main: 'main.js' },
  })
  assert.deepEqual(describeMissingFiles(packages, { paths: [], root }), [CONFIG])
})

test('what the function reads itself is told of that', async (t) => {
  const { packages, root } = await plan(t, {
    'src/orders.ts': `import settings from 'settings'
      import { readdirSync } from 'node:fs'
      export const handler = () => [settings, readdirSync('config')]`,
  })
  assert.deepEqual(describeMissingFiles(packages, { paths: [], root }), [
    'the function reads config, which is not in the package; ship it with --include config',
  ])
})
