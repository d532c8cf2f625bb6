/**
 * What is found out of a function without bundling it. Functions are bundled once, what that looked at is kept, something is changed,
 * and the kept is compared: each kind of change must be noticed, and what makes no difference may cost no new bundle.
 */

import assert from 'node:assert/strict'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type BuildInputs, findInputs } from '../../../src/compiler/build-inputs.ts'
import { BuildSteps } from '../../../src/compiler/steps.ts'
import { type KnownInputs, QuickCheck } from '../../../src/compiler/unchanged/quick-check.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { functionOptions } from '../../support/projects/function-options.ts'

const FILES = {
  'package.json': {
    name: 'project',
    workspaces: ['packages/*'],
    dependencies: { adder: '1' },
    imports: { '#tax': './src/tax.ts' },
  },
  'package-lock.json': '{"lockfileVersion": 3}',
  'base.json': { compilerOptions: { strict: true } },
  'tsconfig.json': { extends: './base.json', compilerOptions: { paths: { '#price': ['./lib/price'] } } },
  'lib/price.ts': 'export const price = (items: number[]) => items.length',
  'src/orders.ts': `
    import { price } from '#price'
    import { tax } from '#tax'
    import { add } from 'adder'
    import { core } from '@project/core'
    import { vat } from './rates'
    import { helper } from './helper.js'
    import { list } from 'lister/list'
    import { s } from 'schema'
    import { readFileSync } from 'node:fs'
    export * from './kinds'
    import template from './mail.html'
    import data from './data.json' with { type: 'json' }
    let extra = 0
    try { extra = require('./extra') } catch {}
    try { extra = require('optional-package') } catch {}
    const page = () => readFileSync(new URL('./page.html', import.meta.url))
    export const handler = async () => [template, data, add(1, extra), vat, core, helper, list, tax, price([1]), s.text, page(), process.env.STAGE]`,
  'src/tax.ts': 'export const tax = 1',
  'src/kinds.d.ts': 'export type Kind = string',
  'src/helper.ts': 'export const helper = 1',
  'src/rates/index.ts': 'export const vat = 20',
  'src/mail.html': '<p>Hello</p>',
  'src/data.json': '{"a": 1}',
  'data/rates.json': '{"fee": 5}',
  'event.json': '{}',
  'packages/core/package.json': { name: '@project/core', type: 'module', exports: './index.js' },
  'packages/core/index.js': 'export const core = 1\n//# sourceMappingURL=index.js.map',
  'packages/core/index.js.map': '{"version":3,"sources":["core.ts"],"names":[],"mappings":"AAAA"}',
  'packages/core/other.js': 'export const core = 2',
  'node_modules/adder/package.json': { name: 'adder', version: '1.0.0', module: './esm', main: 'index.js' },
  'node_modules/adder/LICENSE': 'MIT',
  'node_modules/adder/index.js': 'exports.add = (a, b) => a + b',
  'node_modules/lister/package.json': { name: 'lister', version: '1.0.0' },
  'node_modules/lister/list.js': 'exports.list = [1]',
  'node_modules/schema/package.json': {
    name: 'schema',
    module: 'index.js',
    type: 'module',
    sideEffects: false,
  },
  'node_modules/schema/index.js': "import * as s from './all.js'\nexport { s }",
  'node_modules/schema/all.js': "export const text = 'text', unused = 1",
  'node_modules/schema/other.js': "export const text = 'other'",
  'node_modules/shipped/package.json': { name: 'shipped', version: '1.0.0' },
  'node_modules/shipped/lib/index.js': 'module.exports = 1',
}

let project: string
before((t) => {
  project = temporaryFolder(t as never)
})

const file = (path: string) => join(project, path)
const write = (files: Record<string, string | object>) => writeFiles(project, files)

async function writeProject(): Promise<void> {
  rmSync(project, { recursive: true })
  mkdirSync(project)
  write(FILES)
  mkdirSync(file('node_modules/@project'))
  symlinkSync('../../packages/core', file('node_modules/@project/core'))
  await untilOld()
}

/** Until files that were written before are older than what a clock's tick may hide. */
async function untilOld(): Promise<void> {
  // On a busy machine the first of them may be a good deal older than the last.
  const now = `${project}.now`
  writeFileSync(now, '')
  const { ctimeMs } = statSync(now)
  rmSync(now)
  while (Date.now() - ctimeMs < 100) {
    await setTimeout(10)
  }
}

const options = (changes: object = {}) => functionOptions(project, ['shipped', 'absent'], changes)

let count = 0

async function begin(changes: object = {}): Promise<QuickCheck> {
  count += 1
  mkdirSync(file(`dist/work-${count}`), { recursive: true })
  return QuickCheck.begin(options(changes), file(`dist/work-${count}`))
}

async function bundle(changes: object = {}): Promise<BuildInputs> {
  count += 1
  return findInputs(options(changes), new BuildSteps({}), file(`dist/bundled-${count}`))
}

/** What is kept of a build, as a file has it. */
async function take(changes: object = {}): Promise<KnownInputs | undefined> {
  const check = await begin(changes)
  const known = await check.take(await bundle(changes))
  return known && JSON.parse(JSON.stringify(known))
}

async function isUnchanged(known: KnownInputs | undefined, changes: object = {}): Promise<boolean> {
  return (await begin(changes)).compare(known) !== undefined
}

const tsconfig = (more: object) => ({ ...FILES['tsconfig.json'], ...more })
const replaceFile = (path: string, content: string) => {
  writeFileSync(file(`${path}.new`), content)
  renameSync(file(`${path}.new`), file(path))
}

/** Each changes something, and is what the test is called. */
const CHANGES: Readonly<Record<string, () => void>> = {
  'the entry': () => write({ 'src/orders.ts': `${FILES['src/orders.ts']}\n// more` }),
  'a module': () => write({ 'src/tax.ts': 'export const tax = 2' }),
  'a module of the same size and time': () => {
    const { atime, mtime } = statSync(file('src/tax.ts'))
    write({ 'src/tax.ts': 'export const tax = 2' })
    utimesSync(file('src/tax.ts'), atime, mtime)
  },
  'a module that is another file of the same size and time': () => {
    const { atime, mtime } = statSync(file('src/tax.ts'))
    replaceFile('src/tax.ts', 'export const tax = 3')
    utimesSync(file('src/tax.ts'), atime, mtime)
  },
  'a file that is no code': () => write({ 'src/mail.html': '<p>Bye</p>' }),
  'a file that is imported with attributes': () => write({ 'src/data.json': '{"a": 2}' }),
  'a module that is gone': () => rmSync(file('src/tax.ts')),
  'a module that was missing and is there': () => write({ 'src/extra.js': 'module.exports = 3' }),
  'a package that was missing and is there': () =>
    write({ 'node_modules/optional-package/index.js': 'module.exports = 3' }),
  'an external package that was missing and is there': () =>
    write({ 'node_modules/absent/package.json': { name: 'absent' } }),
  'a module of which there were only types': () => write({ 'src/kinds.ts': 'export const kinds = ["a"]' }),
  'a module of which there were only types, in a folder': () =>
    write({ 'src/kinds/index.js': 'exports.kinds = ["a"]' }),
  'a file that shadows a folder': () => write({ 'src/rates.ts': 'export const vat = 19' }),
  'a file of another ending that comes first': () => write({ 'src/helper.tsx': 'export const helper = 2' }),
  'a file where TypeScript compiles to': () => write({ 'src/helper.js': 'export const helper = 2' }),
  'a manifest in a folder that has an index': () =>
    write({ 'src/rates/package.json': { main: 'other.ts' }, 'src/rates/other.ts': 'export const vat = 7' }),
  'an index that comes first': () => write({ 'src/rates/index.tsx': 'export const vat = 7' }),
  'where tsconfig.json leads an import': () =>
    write({ 'tsconfig.json': tsconfig({ compilerOptions: { paths: { '#price': ['./src/tax'] } } }) }),
  'what tsconfig.json extends': () =>
    write({ 'base.json': { compilerOptions: { useDefineForClassFields: false } } }),
  'a tsconfig.json that is nearer': () => write({ 'src/tsconfig.json': { compilerOptions: {} } }),
  'a file that shadows a folder where tsconfig.json leads': () =>
    write({ 'lib/price/package.json': {}, 'lib/price.tsx': 'export const price = () => 7' }),
  'the imports of package.json': () =>
    write({ 'package.json': { ...FILES['package.json'], imports: { '#tax': './src/helper.ts' } } }),
  'a package.json that is nearer': () => write({ 'src/package.json': { type: 'commonjs' } }),
  'the code of a package': () => write({ 'node_modules/adder/index.js': 'exports.add = () => 0' }),
  'the main file of a package': () =>
    write({ 'node_modules/adder/package.json': { name: 'adder', main: 'other.js' } }),
  'a main file that was missing and is there': () =>
    write({ 'node_modules/adder/esm/index.js': 'export const add = () => 1' }),
  'whether a package has side effects': () =>
    write({
      'node_modules/lister/package.json': { name: 'lister', version: '1.0.0', sideEffects: false },
    }),
  'the exports of a package': () =>
    write({ 'packages/core/package.json': { name: '@project/core', exports: './other.js' } }),
  'the type of a package': () =>
    write({
      'packages/core/package.json': { name: '@project/core', type: 'commonjs', exports: './index.js' },
    }),
  'the source map of a module': () =>
    write({ 'packages/core/index.js.map': '{"version":3,"sources":["b.ts"],"names":[],"mappings":"AAAA"}' }),
  'a package of the workspace': () => write({ 'packages/core/index.js': 'export const core = 3' }),
  'a package of the workspace that is a link to another folder': () => {
    write({
      'packages/new/package.json': FILES['packages/core/package.json'],
      'packages/new/index.js': 'export const core = 9',
    })
    rmSync(file('node_modules/@project/core'))
    symlinkSync('../../packages/new', file('node_modules/@project/core'))
  },
  'the licence of a package': () => write({ 'node_modules/adder/LICENSE': 'ISC' }),
  'a licence that was missing and is there': () => write({ 'node_modules/lister/LICENCE-MIT.txt': 'MIT' }),
  'a package that is found nearer': () =>
    write({
      'src/node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
      'src/node_modules/adder/index.js': 'exports.add = (a, b) => a - b',
    }),
  'where a package’s name for all of a module leads': () =>
    write({ 'node_modules/schema/index.js': "import * as s from './other.js'\nexport { s }" }),
  'a package that is found nearer, and has a name for all of a module': () =>
    write({
      'src/node_modules/schema/package.json': { name: 'schema' },
      'src/node_modules/schema/index.js': 'exports.s = { text: 1 }',
    }),
  'a file beside a package that comes first': () =>
    write({ 'node_modules/adder.js': 'exports.add = (a, b) => a - b' }),
  'a module beside that of a package': () =>
    write({ 'node_modules/lister/list.ts': 'export const list = []' }),
  'node_modules that are a link to others': () => {
    renameSync(file('node_modules'), file('.modules'))
    symlinkSync('.modules', file('node_modules'))
    rmSync(file('node_modules/lister/list.js'))
    write({ 'node_modules/lister/list.js': FILES['node_modules/lister/list.js'] })
  },
  'a package that is shipped': () => write({ 'node_modules/shipped/lib/index.js': 'module.exports = 2' }),
  'a file that is new in a package that is shipped': () =>
    write({ 'node_modules/shipped/lib/more.js': 'module.exports = 2' }),
  'the mode of a file of a package that is shipped': () =>
    chmodSync(file('node_modules/shipped/lib/index.js'), 0o755),
  'a file that a module reads, and was missing': () => write({ 'src/page.html': '<p>1</p>' }),
  'a file that is included': () => write({ 'data/rates.json': '{"fee": 6}' }),
  'a new file in a folder that is included': () => write({ 'data/more.json': '{}' }),
  'an included file that is gone': () => rmSync(file('data/rates.json')),
  'an included folder that is gone': () => rmSync(file('data'), { recursive: true }),
  'the mode of an included file': () => chmodSync(file('data/rates.json'), 0o755),
  'an event': () => write({ 'event.json': '{"a":1}' }),
  'the lock file': () => write({ 'package-lock.json': '{"lockfileVersion": 2}' }),
  'another lock file': () => write({ 'yarn.lock': '# yarn' }),
  'Yarn’s own way of finding packages': () => write({ '.pnp.cjs': '' }),
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`a function is bundled again because of ${what}`, async () => {
    await writeProject()
    const known = await take()
    assert.ok(known, 'nothing was kept')
    assert.ok(await isUnchanged(known))
    change()
    assert.equal(await isUnchanged(known), false)
  })
}

test('it is bundled again for each option, and for another Node.js', async (t) => {
  await writeProject()
  const known = await take()
  const own = options()
  const node = file('node')
  linkSync(process.execPath, node)
  for (const changes of [
    { name: 'others' },
    { entry: file('src/tax.ts') },
    { target: { ...own.target, locales: ['ja'] } },
    { target: { ...own.target, nodePath: node } },
    { target: { ...own.target, arch: 'arm64' } },
    { bundle: { ...own.bundle, minify: false } },
    { bundle: { ...own.bundle, externals: ['adder'] } },
    { bundle: { ...own.bundle, esbuild: { define: { 'process.env.STAGE': '"one"' } } } },
    { bundle: { ...own.bundle, esbuild: { mangleProps: /_$/ } } },
    { init: { ...own.init, events: [] } },
    { init: { ...own.init, at: 'build' } },
    { init: { ...own.init, stub: { file: 'a', stubs: [] } } },
    { include: { paths: [], root: project } },
    { compression: 'small' },
    { notices: false },
    { isStrict: true },
    { isForLayer: true },
    { only: 'zip' },
  ]) {
    assert.equal(await isUnchanged(known, changes), false, JSON.stringify(changes))
  }
  const mangled = (pattern: RegExp) => ({ bundle: { ...own.bundle, esbuild: { mangleProps: pattern } } })
  const other = await take(mangled(/_$/))
  assert.equal(await isUnchanged(other, mangled(/_$/)), true)
  assert.equal(await isUnchanged(other, mangled(/__$/)), false)

  const own24 = process.env.NODE_PATH
  t.after(() => {
    process.env.NODE_PATH = own24 ?? ''
  })
  process.env.NODE_PATH = file('more')
  assert.equal(await isUnchanged(known), false)
  // pnpm's command always has one.
  const found = await take()
  assert.notEqual(found, undefined)
  assert.equal(await isUnchanged(found), true)
})

test('nothing is kept where what a build looks at cannot be known', async () => {
  await writeProject()
  const own = options()
  const esbuild = (more: object) => ({ bundle: { ...own.bundle, esbuild: more } })
  assert.equal(await take(esbuild({ plugins: [{ name: 'own', setup: () => {} }] })), undefined)
  assert.equal(await take(esbuild({ nodePaths: [file('more')] })), undefined)
  assert.equal(await take(esbuild({ preserveSymlinks: true })), undefined)
  assert.equal(await take({ sbom: true }), undefined)
  write({
    'src/orders.ts': 'export const handler = async (name) => import("./rates/" + name + ".ts")',
  })
  await untilOld()
  assert.equal(await take(), undefined)
})

test('what makes no difference is none: times, other files, copies of the same', async () => {
  await writeProject()
  const known = await take()
  utimesSync(file('src/tax.ts'), 1, 1)
  utimesSync(file('src'), 1, 1)
  replaceFile('src/helper.ts', FILES['src/helper.ts'])
  replaceFile('node_modules/adder/index.js', FILES['node_modules/adder/index.js'])
  write({
    'README.md': 'A project',
    'src/other.ts': 'console.log(1)',
    'coverage/report.json': '{}',
    'package-lock.json': FILES['package-lock.json'],
    'node_modules/.cache/x': '',
  })
  assert.equal(await isUnchanged(known), true)
  await untilOld()

  // What has been compared by its content is not compared so again.
  await setTimeout(100)
  const again = (await begin()).compare(known)
  assert.notDeepEqual(again, known)
  assert.deepEqual((await begin()).compare(again), again)
})

test('a file that changes in the tick in which the build begins, or while it is under way, is not taken for what was read', async () => {
  await writeProject()
  write({ 'src/tax.ts': 'export const tax = 3' })
  const early = await begin()
  assert.equal(await early.take(await bundle()), undefined)

  await setTimeout(100)
  const late = await begin()
  const inputs = await bundle()
  write({ 'src/tax.ts': 'export const tax = 4' })
  assert.equal(await late.take(inputs), undefined)

  await setTimeout(100)
  const shadowed = await begin()
  const before = await bundle()
  write({ 'src/rates.ts': 'export const vat = 19' })
  assert.equal(await shadowed.take(before), undefined)
})

test('what was not kept by this is nothing', async () => {
  await writeProject()
  const known = (await take()) as KnownInputs
  const check = await begin()
  for (const bad of [undefined, { ...known, options: 'other' }]) {
    assert.equal(check.compare(bad as never), undefined)
  }
  for (const bad of [
    { ...known, state: {} },
    { ...known, state: undefined },
  ]) {
    assert.throws(() => check.compare(bad as never))
  }
})
