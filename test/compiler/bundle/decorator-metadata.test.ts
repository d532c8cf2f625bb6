/** What decorators are told of types, by the settings of the nearest tsconfig.json. */
import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuthorOptions } from '../../../src/compiler/bundle/author-options.ts'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const ORDERS = `
import { told, note } from './told.ts'
import type { Shape } from './shape.ts'
import { Service } from './service.ts'
enum Level { Low, High }
@note export class Orders {
  @note price!: number
  @note at!: Date
  @note many!: string[]
  @note maybe!: string | null
  @note level!: Level
  constructor(readonly service: Service, shape: Shape, name: string) {}
  @note async find(id: string): Promise<Service> { return this.service }
}
export const handler = () => told
`

const FILES = {
  'orders.ts': ORDERS,
  'service.ts': 'export class Service {}',
  'shape.ts': 'export interface Shape { a: string }',
  // In the place of reflect-metadata.
  'told.ts': `
    export const told: Record<string, unknown> = {}
    const nameOf = (value: any): unknown => Array.isArray(value) ? value.map(nameOf) : value?.name
    Reflect.metadata = (key: string, value: unknown) => (target: any, member = 'class') => {
      told[member + ' ' + key] = nameOf(value)
    }
    export const note = (..._: unknown[]): any => {}`,
}

async function tell(
  t: TestContext,
  files: Parameters<typeof writeFiles>[1],
  esbuildIn: (folder: string) => AuthorOptions = () => ({}),
) {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, ...FILES, ...files })
  const options = { minify: true, externals: [], bundled: [], esbuild: esbuildIn(folder) }
  const bundle = await bundleFunction(join(folder, 'orders.ts'), options)
  return { bundle, told: (await loadBundle(bundle)).exports.handler() }
}

const EXPECTED = {
  'price design:type': 'Number',
  'at design:type': 'Date',
  'many design:type': 'Array',
  'maybe design:type': 'Object',
  'level design:type': 'Number',
  'find design:type': 'Function',
  'find design:paramtypes': ['String'],
  'find design:returntype': 'Promise',
  'class design:paramtypes': ['Service', 'Object', 'String'],
}

const BASE = { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true, strict: true } }

for (const [what, files] of [
  ['in it', { 'tsconfig.json': BASE }],
  ['in what it extends', { 'tsconfig.json': { extends: './base.json' }, 'base.json': BASE }],
  [
    'in what it refers to',
    { 'tsconfig.json': { files: [], references: [{ path: './app.json' }] }, 'app.json': BASE },
  ],
] as const) {
  test(`decorators are told the types that tsc tells them, where tsconfig.json asks for it ${what}`, async (t) => {
    assert.deepEqual((await tell(t, files)).told, EXPECTED)
  })
}

for (const [what, files, esbuildIn] of [
  [
    'the tsconfig.json that is chosen asks for it, and the nearest does not',
    { 'tsconfig.json': { compilerOptions: { experimentalDecorators: true } }, 'settings/app.json': BASE },
    (folder: string) => ({ tsconfig: join(folder, 'settings/app.json') }),
  ],
  ['settings that are given ask for it', {}, () => ({ tsconfigRaw: BASE })],
  [
    'settings that are given as text ask for it',
    {},
    () => ({
      tsconfigRaw:
        '{ /* as in a file */ "compilerOptions": { "strict": true, // all\n"experimentalDecorators": true, "emitDecoratorMetadata": true, } }',
    }),
  ],
] as const) {
  test(`decorators are told the types where ${what}`, async (t) => {
    assert.deepEqual((await tell(t, files, esbuildIn)).told, EXPECTED)
  })
}

test('where the tsconfig.json that is chosen does not ask for it, nothing is told', async (t) => {
  const chosen = { compilerOptions: { experimentalDecorators: true } }
  const { told } = await tell(t, { 'tsconfig.json': BASE, 'app.json': chosen }, (folder) => ({
    tsconfig: join(folder, 'app.json'),
  }))
  assert.deepEqual(told, {})
})

test('without strict null checks, null is no part of a type', async (t) => {
  const { told } = await tell(t, {
    'tsconfig.json': { compilerOptions: { ...BASE.compilerOptions, strict: false } },
  })
  assert.equal(told['maybe design:type'], 'String')
})

test('where it is not asked for, nothing is told', async (t) => {
  const { told } = await tell(t, { 'tsconfig.json': { compilerOptions: { experimentalDecorators: true } } })
  assert.deepEqual(told, {})
})

test('the source map leads to the line of the TypeScript', async (t) => {
  const { bundle } = await tell(t, { 'tsconfig.json': BASE })
  const code = bundle.entry.code.toString()
  const at = code.indexOf('return this.service')
  const lines = code.slice(0, at).split('\n')
  const map = new SourceMap(JSON.parse(bundle.entry.sourceMap.toString()))
  const origin = map.findEntry(lines.length - 1, lines.at(-1)?.length ?? 0)
  assert.ok('originalSource' in origin)
  assert.equal(origin.originalSource, 'orders.ts')
  assert.match(String(ORDERS.split('\n')[origin.originalLine]), /return this\.service/)
})

const TYPES = `
import { told, note } from './told.ts'
import Store, { Query, type Marked } from './store.ts'
import { Service as Orders } from './service.ts'
import * as shapes from './shape.ts'
import { Event, Unknown } from 'only-types'
import { Level } from './declared'
@note export class Shop {
  @note store!: Store
  @note shape!: shapes.Shape
  constructor(query: Query, orders: Orders, marked: Marked) {}
  @note find(event: Event, level: Level, unknown: Unknown): Query { return { text: 'Query, Level' } }
}
export const handler = () => told
`

test('of an imported interface, and of what only declarations have, it is told that it is an object', async (t) => {
  const { told, bundle } = await tell(t, {
    'tsconfig.json': BASE,
    'orders.ts': TYPES,
    'store.ts': `
      export interface Query { text: string }
      export type Marked = 'a' | 'b'
      export default class Store {}`,
    'declared.d.ts': 'export interface Level { high: boolean }',
    'node_modules/@types/only-types/package.json': { name: '@types/only-types', types: 'index.d.ts' },
    'node_modules/@types/only-types/index.d.ts':
      'export interface Event { a: string }; export type Unknown = Event',
  })
  assert.deepEqual(told, {
    'store design:type': 'Store',
    'shape design:type': 'Object',
    'find design:type': 'Function',
    'find design:paramtypes': ['Object', 'Object', 'Object'],
    'find design:returntype': 'Object',
    'class design:paramtypes': ['Object', 'Service', 'Object'],
  })
  assert.deepEqual(bundle.warnings, [])
})
