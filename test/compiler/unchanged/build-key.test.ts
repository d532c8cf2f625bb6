/** Functions that are bundled, and not built: which changes make another package, one of each kind that there is. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { before, test } from 'node:test'
import type { Plugin } from 'esbuild'
import { findInputs } from '../../../src/compiler/build-inputs.ts'
import { BuildSteps } from '../../../src/compiler/steps.ts'
import { buildKey } from '../../../src/compiler/unchanged/build-key.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { functionOptions } from '../../support/projects/function-options.ts'

const FILES = {
  'package.json': { name: 'project' },
  'tsconfig.json': {
    compilerOptions: { paths: { '#price': ['./src/price.ts'] }, useDefineForClassFields: true },
  },
  'src/orders.ts': `
    import { price } from '#price'
    import { add } from 'adder'
    import { readFileSync } from 'node:fs'
    import template from './mail.html'
    export class Order { total = price([1]) }
    let extra = 0
    try { extra = require('./extra') } catch {}
    export const handler = async () => [template, add(1, extra), new Order(), process.env.STAGE]`,
  'src/price.ts': 'export const price = (items: number[]) => items.length',
  'src/other-price.ts': 'export const price = (items: number[]) => items.length + 1',
  'src/mail.html': '<p>Hello</p>',
  'data/rates.json': '{"fee": 5}',
  'event.json': '{}',
  'node_modules/adder/package.json': { name: 'adder', version: '1.0.0', main: 'index.js' },
  'node_modules/adder/LICENSE': 'MIT',
  'node_modules/adder/index.js': 'exports.add = (a, b) => a + b',
  'node_modules/adder/other.js': 'exports.add = (a, b) => b + a',
  'node_modules/shipped/package.json': { name: 'shipped', version: '1.0.0' },
  'node_modules/shipped/index.js': 'module.exports = 1',
  'package-lock.json': '{"lockfileVersion": 3}',
}

let project: string
before((t) => {
  project = temporaryFolder(t as never)
})

const options = (changes: object = {}) => functionOptions(project, ['shipped'], changes)

let count = 0

async function keyOf(changes: object = {}): Promise<string> {
  const wanted = options(changes)
  count += 1
  const inputs = await findInputs(wanted, new BuildSteps({}), join(project, `bundled-${count}`))
  return buildKey(wanted, inputs)
}

const write = (files: Record<string, string | object>) => writeFiles(project, files)

/** Each changes something, and is what the test is called. */
const CHANGES: Readonly<Record<string, () => void>> = {
  'the entry': () => write({ 'src/orders.ts': FILES['src/orders.ts'].replace('price([1])', 'price([2])') }),
  'a module that it imports': () => write({ 'src/price.ts': 'export const price = () => 7' }),
  'a file that is no code': () => write({ 'src/mail.html': '<p>Bye</p>' }),
  'a module that was missing and is there': () => write({ 'src/extra.js': 'module.exports = 3' }),
  'where tsconfig.json leads an import': () =>
    write({
      'tsconfig.json': {
        compilerOptions: { paths: { '#price': ['./src/other-price.ts'] }, useDefineForClassFields: true },
      },
    }),
  'how tsconfig.json has classes compiled': () =>
    write({
      'tsconfig.json': {
        compilerOptions: { paths: { '#price': ['./src/price.ts'] }, useDefineForClassFields: false },
      },
    }),
  'the code of a package': () => write({ 'node_modules/adder/index.js': 'exports.add = () => 0' }),
  'the main file of a package': () =>
    write({ 'node_modules/adder/package.json': { name: 'adder', version: '1.0.0', main: 'other.js' } }),
  'the version of a package': () =>
    write({ 'node_modules/adder/package.json': { name: 'adder', version: '1.0.1', main: 'index.js' } }),
  'the licence of a package': () => write({ 'node_modules/adder/LICENSE': 'ISC' }),
  'a package that is found nearer': () =>
    write({
      'src/node_modules/adder/package.json': { name: 'adder', version: '1.0.0' },
      'src/node_modules/adder/index.js': 'exports.add = (a, b) => a - b',
    }),
  'a package that is a link to another folder': () => {
    write({ 'linked/package.json': { name: 'adder' }, 'linked/index.js': 'exports.add = (a) => a' })
    renameSync(join(project, 'node_modules/adder'), join(project, 'node_modules/.adder'))
    symlinkSync(join(project, 'linked'), join(project, 'node_modules/adder'))
  },
  'a file that is included': () => write({ 'data/rates.json': '{"fee": 6}' }),
  'a new file in a folder that is included': () => write({ 'data/more.json': '{}' }),
  'an included file that is gone': () => rmSync(join(project, 'data/rates.json')),
  'the mode of an included file': () => chmodSync(join(project, 'data/rates.json'), 0o755),
  'an event': () => write({ 'event.json': '{"a":1}' }),
  'the lock file': () => write({ 'package-lock.json': '{"lockfileVersion": 2}' }),
}

for (const [what, change] of Object.entries(CHANGES)) {
  test(`another package comes of ${what}`, async () => {
    rmSync(project, { recursive: true })
    mkdirSync(project)
    write(FILES)
    const first = await keyOf()
    change()
    assert.notEqual(await keyOf(), first)
  })
}

test('another package comes of each option, and of another Node.js', async () => {
  rmSync(project, { recursive: true })
  mkdirSync(project)
  write(FILES)
  const own = options()
  const esbuild = (more: object) => ({ bundle: { ...own.bundle, esbuild: more } })
  const plugin = (value: string): Plugin => ({
    name: 'stage',
    setup: (build) =>
      build.onLoad({ filter: /price\.ts$/ }, () => ({ contents: `export const price = () => ${value}` })),
  })
  const keys = [
    await keyOf(),
    await keyOf({ name: 'others' }),
    await keyOf({ target: { ...own.target, locales: ['ja', 'de-AT'] } }),
    await keyOf({ bundle: { ...own.bundle, minify: false } }),
    await keyOf({ bundle: { ...own.bundle, externals: ['adder'] } }),
    await keyOf(esbuild({ define: { 'process.env.STAGE': '"one"' } })),
    await keyOf(esbuild({ define: { 'process.env.STAGE': '"two"' } })),
    // Functions have no content to compare: what comes of them has.
    await keyOf(esbuild({ plugins: [plugin('1')] })),
    await keyOf(esbuild({ plugins: [plugin('2')] })),
    await keyOf({ init: { ...own.init, events: [] } }),
    await keyOf({ init: { ...own.init, at: 'build' } }),
    await keyOf({ include: { paths: [], root: project } }),
    await keyOf({ compression: 'small' }),
    await keyOf({ notices: false }),
  ]
  const inputs = await findInputs(own, new BuildSteps({}), join(project, 'bundled'))
  for (const base of [
    { version: '24.0.0' },
    { runner: ['qemu'] },
    { notes: ['slower'] },
    { path: inputs.base.original },
  ]) {
    keys.push(await buildKey(own, { ...inputs, base: { ...inputs.base, ...base } }))
  }
  assert.equal(new Set(keys).size, keys.length)
})

test('what makes no difference to a package is none here: times, other files, tests, and what types say', async () => {
  rmSync(project, { recursive: true })
  mkdirSync(project)
  write(FILES)
  const first = await keyOf()
  utimesSync(join(project, 'src/price.ts'), 1, 1)
  write({
    'src/price.ts': `${FILES['src/price.ts']}\nexport interface Price { readonly amount: number }`,
    'README.md': 'A project',
    'src/orders.test.ts': 'console.log(1)',
  })
  writeFileSync(join(project, 'data/rates.json'), FILES['data/rates.json'])
  assert.equal(await keyOf(), first)
})

test('a package may have more files than a process may have open', async () => {
  rmSync(project, { recursive: true })
  mkdirSync(project)
  write(FILES)
  write(Object.fromEntries(Array.from({ length: 1200 }, (_, number) => [`data/rates-${number}.json`, '{}'])))
  const module = (path: string) => JSON.stringify(new URL(`../../../src/compiler/${path}`, import.meta.url))
  const program = `
    import { findInputs } from ${module('build-inputs.ts')}
    import { BuildSteps } from ${module('steps.ts')}
    import { buildKey } from ${module('unchanged/build-key.ts')}
    const options = ${JSON.stringify(options())}
    const inputs = await findInputs(options, new BuildSteps({}), ${JSON.stringify(join(project, 'bundled-few'))})
    process.stdout.write(await buildKey(options, inputs))`
  const command = ['-c', 'ulimit -n 1000 && exec "$0" "$@"', process.execPath, '--input-type=module', '-e']
  const key = execFileSync('sh', [...command, program], { encoding: 'utf8', timeout: 120_000 })
  assert.equal(key, await keyOf())
})
