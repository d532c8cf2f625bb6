/** Modules that are nothing but types: who hands their types on needs nothing of them when the function runs. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { describePlan } from '../../../../src/compiler/dependencies/plan-notes.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { loadBundle } from '../../../support/projects/loaded-bundle.ts'

const CHOICE = { minify: false, bundled: [], externals: [] }
const TYPES = {
  'models/index.d.ts': 'export interface Order { id: string }',
  'kinds.d.ts': 'export type Kind = "a" | "b"',
  'node_modules/@types/given/index.d.ts': 'export interface Given { n: number }',
  'node_modules/@types/acme__events/detail/index.d.ts': 'export interface Detail { n: number }',
  'shared/types/user.d.ts': 'export interface User { id: string }',
}

test('types of modules that are nothing else are handed on as tsc has it, under decorator metadata, too', async (t) => {
  for (const emitDecoratorMetadata of [false, true]) {
    const folder = writeFiles(temporaryFolder(t), {
      ...TYPES,
      'package.json': {},
      'tsconfig.json': {
        compilerOptions: {
          ...{ experimentalDecorators: true, emitDecoratorMetadata },
          paths: { '@shared/*': ['./shared/types/*'] },
        },
      },
      'entry.ts': `
        import { Order } from './models'
        import { Kind } from './kinds.js'
        import { User } from '@shared/user'
        export * from './models'
        export { Given } from 'given'
        export * from '@acme/events/detail'
        export { Order, Kind, User }
        const injectable = (target: Function) => { (target as any).isInjectable = true }
        @injectable
        class Orders { constructor(readonly kind: Kind, readonly order: Order) {} }
        export const handler = async (order: Order) => [order.id, (Orders as any).isInjectable]`,
    })
    const bundle = await bundleFunction(join(folder, 'entry.ts'), CHOICE)
    const { exports } = await loadBundle(bundle)
    const exported = await exports
    assert.deepEqual(Object.keys(exported), ['handler'])
    assert.deepEqual(await exported.handler({ id: '7' }), ['7', true])
    assert.deepEqual(bundle.warnings, [])
    assert.deepEqual(describePlan(bundle.packages), [])
  }
})

for (const [what, entry, message] of [
  [
    'a value of such a module',
    `import { Order } from './models'\nexport const handler = async () => new Order()`,
    /Could not resolve the module of .*models\/index\.d\.ts, which Order is imported of: there are only its types\n\n +entry\.ts:1:9:/,
  ],
  [
    'what is required',
    `export const handler = async () => require('./models').Order`,
    /Could not resolve "\.\/models"/,
  ],
  [
    'what has no types either',
    `import { Order } from './gone'\nexport { Order }\nexport const handler = async () => 1`,
    /Could not resolve "\.\/gone"/,
  ],
] as const) {
  test(`${what} is an error of the build, as ever`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), { ...TYPES, 'package.json': {}, 'entry.ts': entry })
    await assert.rejects(bundleFunction(join(folder, 'entry.ts'), CHOICE), message)
  })
}

test('a package that is not there is told of where tsconfig.json cannot be read, too', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'tsconfig.json': { extends: '@acme/tsconfig' },
    'entry.ts': "import { gone } from 'gone'\nexport const handler = async () => gone",
  })
  await assert.rejects(
    bundleFunction(join(folder, 'entry.ts'), CHOICE),
    /The package gone is not installed where this file could import it: npm install gone/,
  )
})
