/** What esbuild finds wrong in a module that is compiled before is told by the lines of its source. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const METADATA = { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } }

/** Nothing of the interfaces, the line breaks and the quotes is left where esbuild reads it. */
const DECORATED = `// What is told of the type is gone.
import {
  other,
} from './other.ts'
import 'effects'

interface Shape {
  name: string
}
const note = (..._: unknown[]): any => {}
@note
export class Orders {
  @note price!: number
  constructor(readonly é: string, shape: Shape) {}
  @note find(shape: unknown): unknown {
    const é = 'ü'; if (typeof shape === 'undefned') { return 1 }
    return { a: other, a: é }
  }
}
export const handler = () => globalThis.process.env.EFFECTS
`

function bundle(t: TestContext, files: Parameters<typeof writeFiles>[1]) {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'other.ts': 'export const other = 1',
    'node_modules/effects/package.json': { name: 'effects', main: 'index.js', sideEffects: false },
    'node_modules/effects/index.js': "process.env.EFFECTS = 'done'",
    ...files,
  })
  return bundleFunction(join(folder, 'orders.ts'), { minify: true, externals: [], bundled: [] })
}

async function warned(t: TestContext, files: Parameters<typeof writeFiles>[1]) {
  const { warnings } = await bundle(t, files)
  return warnings.flatMap(({ location, notes }) => [location, ...notes.map((note) => note.location)])
}

test('a warning of a module with decorators', async (t) => {
  const lines = DECORATED.split('\n')
  const found = await warned(t, { 'tsconfig.json': METADATA, 'orders.ts': DECORATED })
  assert.deepEqual(
    found.map((location) => [location?.line, location?.column, location?.length, location?.lineText]),
    [
      // In bytes, as esbuild counts.
      [16, 42, 10, lines[15]],
      [17, 23, 1, lines[16]],
      [17, 13, 1, lines[16]],
    ],
  )
})

test('what such a module imports for what it does is bundled', async (t) => {
  const files = { 'tsconfig.json': METADATA, 'orders.ts': DECORATED }
  const { exports } = await loadBundle(await bundle(t, files))
  assert.equal(exports.handler(), 'done')
})

test('an error of a module with decorators', async (t) => {
  const files = { 'tsconfig.json': METADATA, 'orders.ts': DECORATED.replace('./other.ts', './gone.ts') }
  await assert.rejects(bundle(t, files), ({ message }) => {
    assert.match(message, /orders\.ts:4:7:\n +4 │ } from '\.\/gone\.ts'\n +╵ +~{11}$/m)
    return true
  })
})

test('a warning of a module that names files of its own', async (t) => {
  const orders = `import { readFileSync } from 'node:fs'
    import { join } from 'node:path'

    interface Shape { name: string }
    export const handler = (shape: Shape): unknown =>
      typeof shape === 'undefned' && readFileSync(join(__dirname, 'other.ts'))`
  const [location] = await warned(t, { 'orders.ts': orders })
  assert.equal(location?.line, 6)
  assert.equal(location.lineText, orders.split('\n')[5])
  assert.equal(location.column, 23)
})
