/** A `require` that a module makes, in the forms that people and bundlers write: what it loads is in the bundle. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const IMPORT = "import { createRequire } from 'node:module'\n"
const ROLLDOWN = `${IMPORT}var __require = /* #__PURE__ */ (() => createRequire(import.meta.url))();\n`

/** By what it is, an ES module of a package that loads `needed`, and modules beside it. */
const FORMS: Readonly<Record<string, readonly [string, Readonly<Record<string, string>>?]>> = {
  'a constant': [
    `${IMPORT}const load = createRequire(import.meta.url)\nexport const go = () => load('needed')`,
  ],
  'a constant called require': [
    `${IMPORT}const require = createRequire(import.meta.url)\nexport const go = () => require('needed')`,
  ],
  'one that is exported': [
    `${IMPORT}export const require = createRequire(import.meta.url)\nexport const go = () => require('needed')`,
  ],
  'a path with another for CommonJS': [
    `${IMPORT}const load = createRequire(import.meta.url ?? __filename)\nexport const go = () => load('needed')`,
  ],
  'a path by the kind of module': [
    `${IMPORT}const load = createRequire(typeof __filename === 'undefined' ? import.meta.url : __filename)\nexport const go = () => load('needed')`,
  ],
  'a path that is kept in a variable': [
    `${IMPORT}const here = import.meta.url\nconst load = createRequire(here)\nexport const go = () => load('needed')`,
  ],
  'a path that a function gives, as tsup writes': [
    `${IMPORT}const getUrl = () => typeof document === 'undefined' ? new URL(\`file:\${__filename}\`).href : ''\nconst here = /* @__PURE__ */ getUrl()\nconst load = createRequire(here)\nexport const go = () => load('needed')`,
  ],
  'one that is called at once, as webpack writes': [
    "import { createRequire as __WEBPACK_EXTERNAL_createRequire } from 'node:module'\nconst needed = __WEBPACK_EXTERNAL_createRequire(import.meta.url)('needed')\nexport const go = () => needed",
  ],
  'another name for createRequire': [
    "import { createRequire as e } from 'module'\nconst t = e(import.meta.url)\nexport const go = () => t('needed')",
  ],
  'one of process.getBuiltinModule': [
    "const load = process.getBuiltinModule('module').createRequire(import.meta.url)\nexport const go = () => load('needed')",
  ],
  'one that is assigned': [
    `${IMPORT}let load\nload ||= undefined\nload = createRequire(import.meta.url)\nexport const go = () => load('needed')`,
  ],
  'one in the place of none': [
    `${IMPORT}const load = typeof require === 'function' ? require : createRequire(import.meta.url)\nexport const go = () => load('needed')`,
  ],
  'a function that is called at once, as Rolldown writes': [
    `${ROLLDOWN}export const go = () => __require('needed')`,
  ],
  'one of another module, as Rolldown writes': [
    "import { __require } from './_virtual/_rolldown/runtime.mjs'\nexport const go = () => __require('needed')",
    { '_virtual/_rolldown/runtime.mjs': `${ROLLDOWN}export { __require }` },
  ],
  'one of another module under a short name': [
    "import { t as __require } from './chunk-B.mjs'\nexport const go = () => __require('needed')",
    { 'chunk-B.mjs': `${ROLLDOWN}export { __require as t }` },
  ],
  'one called require of another module': [
    "import { require } from './require.mjs'\nexport const go = () => require('needed')",
    { 'require.mjs': `${IMPORT}export const require = createRequire(import.meta.url)` },
  ],
  'the default export of another module': [
    "import require from './require.mjs'\nexport const go = () => require('needed')",
    { 'require.mjs': `${IMPORT}const require = createRequire(import.meta.url)\nexport default require` },
  ],
  'esbuild’s shim behind a banner': [
    `${IMPORT}const require = createRequire(import.meta.url);
    var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
      get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
    }) : x)(function(x) {
      if (typeof require !== "undefined") return require.apply(this, arguments);
      throw Error('Dynamic require of "' + x + '" is not supported');
    });
    export const go = () => __require('needed')`,
  ],
}

for (const [what, [code, more = {}]] of Object.entries(FORMS)) {
  test(`what a made require loads is bundled: ${what}`, async (t) => {
    const others = Object.entries(more).map(([path, text]) => [`node_modules/maker/${path}`, text])
    const project = writeFiles(temporaryFolder(t), {
      'package.json': {},
      'orders.js': "import { go } from 'maker'\nexport const handler = () => go()",
      'node_modules/maker/package.json': { name: 'maker', type: 'module', exports: './index.mjs' },
      'node_modules/maker/index.mjs': code,
      ...Object.fromEntries(others),
      // That of the package that asks, and not another.
      'node_modules/maker/node_modules/needed/package.json': { name: 'needed' },
      'node_modules/maker/node_modules/needed/index.js': "module.exports = 'the needed one'",
      'node_modules/needed/package.json': { name: 'needed' },
      'node_modules/needed/index.js': "module.exports = 'another'",
    })
    const options = { minify: true, externals: [], bundled: [] }
    const bundle = await bundleFunction(join(project, 'orders.js'), options)
    const { exports } = await loadBundle(bundle, temporaryFolder(t))
    assert.equal(await exports.handler(), 'the needed one')
  })
}

test('a module of the author’s own has a require of another of them', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': { type: 'module' },
    'orders.ts':
      "import { require } from './lib/require.js'\nexport const handler = (): unknown => require('needed')",
    'lib/require.ts': `${IMPORT}export const require: NodeJS.Require = createRequire(import.meta.url)`,
    'node_modules/needed/package.json': { name: 'needed' },
    'node_modules/needed/index.js': "module.exports = 'the needed one'",
  })
  const options = { minify: true, externals: [], bundled: [] }
  const bundle = await bundleFunction(join(project, 'orders.ts'), options)
  const { exports } = await loadBundle(bundle, temporaryFolder(t))
  assert.equal(await exports.handler(), 'the needed one')
})

test('a shim that has no require to call stays as it is', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.js': "import { go } from 'maker'\nexport const handler = () => go()",
    'node_modules/maker/package.json': { name: 'maker', type: 'module', exports: './index.mjs' },
    'node_modules/maker/index.mjs':
      "import { __require } from './chunk-A.mjs'\nexport const go = () => { try { return __require('needed') } catch ({ message }) { return message } }",
    'node_modules/maker/chunk-A.mjs':
      "var __require = ((x) => x)((x) => { throw Error('Dynamic require of ' + x) })\nexport { __require }",
    'node_modules/needed/index.js': "module.exports = 'loaded'",
  })
  const options = { minify: true, externals: [], bundled: [] }
  const bundle = await bundleFunction(join(project, 'orders.js'), options)
  const { exports } = await loadBundle(bundle, temporaryFolder(t))
  assert.equal(await exports.handler(), 'Dynamic require of needed')
})
