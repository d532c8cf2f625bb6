import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { bundleFunction, type FunctionBundle } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { type Exports, loadBundle } from '../../../support/projects/loaded-bundle.ts'

type Files = Parameters<typeof writeFiles>[1]
interface Options {
  minify?: boolean
  externals?: string[]
  split?: boolean
}

/** Bundles the first of `files`, in a project of their own. */
function bundle(
  t: TestContext,
  files: Files,
  { split = true, ...options }: Options = {},
): Promise<FunctionBundle> {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, ...files })
  const [entry = ''] = Object.keys(files)
  return bundleFunction(
    join(folder, entry),
    { minify: true, externals: [], bundled: [], ...options },
    { split },
  )
}

async function load(bundled: FunctionBundle, taskRoot?: string): Promise<Exports> {
  return (await loadBundle(bundled, taskRoot)).exports
}

/** What the modules of a test have written down, in the order in which they ran. */
function journal(): string[] {
  const entries: string[] = []
  Object.assign(globalThis, { journal: entries })
  return entries
}

for (const minify of [true, false]) {
  test(`what only an import() leads to is evaluated when it is reached, once (minify: ${minify})`, async (t) => {
    const bundled = await bundle(
      t,
      {
        'orders.ts': `
          journal.push('orders')
          export const handler = () => Promise.all([import('./report.ts'), import('./report.ts')])`,
        'report.ts': `
          import './paper.ts'
          journal.push('report')
          export const title: string = 'Report'
          export default function print() { return title }`,
        'paper.ts': `journal.push('paper')`,
      },
      { minify },
    )
    const ran = journal()
    const { exports, evaluated } = await loadBundle(bundled)
    assert.doesNotMatch(bundled.entry.code.toString(), /Report/)
    assert.deepEqual([ran, evaluated], [['orders'], ['function']])
    const [first, second] = await exports.handler()
    assert.deepEqual(ran, ['orders', 'paper', 'report'])
    assert.deepEqual(evaluated, ['function', 'function-1'])
    assert.equal(first, second)
    assert.equal((await exports.handler())[0], first)
    assert.deepEqual([first.title, first.default()], ['Report', 'Report'])
    assert.equal(ran.length, 3)
  })
}

test('without an import() of a bundled module there is one chunk, as if nothing could be split', async (t) => {
  const files = {
    'orders.ts': `
      import { join } from 'node:path'
      export const handler = (name: string) => [join('a'), import('node:os'), import(name)]`,
  }
  const [whole, split] = await Promise.all([bundle(t, files, { split: false }), bundle(t, files)])
  assert.deepEqual(split.chunks, [])
  assert.ok(split.entry.code.equals(whole.entry.code))
})

test('exports are live from one chunk to another, both ways', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `
      import { count, increase } from './counter.mjs'
      export const handler = () => import('./lazy.mjs')
      export { count, increase }`,
    'counter.mjs': `
      export let count = 0
      export default count
      export const increase = () => { count += 1 }`,
    'lazy.mjs': `
      import initial, { count, increase } from './counter.mjs'
      import * as counter from './counter.mjs'
      export let seen = 0
      export const look = () => { seen = [initial, count, counter.count] }
      export { increase, count as again }
      export * from './counter.mjs'`,
  })
  assert.equal(bundled.chunks.length, 1)
  const orders = await load(bundled)
  orders.increase()
  const lazy = await orders.handler()
  lazy.look()
  assert.deepEqual(lazy.seen, [0, 1, 1])
  lazy.increase()
  assert.deepEqual([orders.count, lazy.again, lazy.count], [2, 2, 2])
  lazy.look()
  assert.deepEqual(lazy.seen, [0, 2, 2])
})

test('a module that is imported in both ways is the entry’s own, and one', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `
      import * as stock from './stock.mjs'
      export const handler = async () => {
        const { shared, again } = await import('./lazy.mjs')
        const known = await import('./stock.mjs')
        return [known === shared, known === await again(), stock.total, known.total]
      }`,
    'stock.mjs': `journal.push('stock'); export const total = 3`,
    'lazy.mjs': `
      import * as shared from './stock.mjs'
      export const again = () => import('./stock.mjs')
      export { shared }`,
  })
  const ran = journal()
  assert.deepEqual(await (await load(bundled)).handler(), [true, true, 3, 3])
  assert.deepEqual(ran, ['stock'])
  assert.equal(bundled.chunks.length, 1)
})

test('two import()s that need the same module get the same', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `export const handler = async () => [await import('./a.mjs'), await import('./b.mjs'), await import('./c.mjs')]`,
    'a.mjs': `export { registry } from './registry.mjs'`,
    'b.mjs': `import { registry } from './registry.mjs'; registry.b = 1; export { registry }`,
    'registry.mjs': `journal.push('registry'); export const registry = {}`,
    'c.mjs': `export const alone = true`,
  })
  const ran = journal()
  const { exports, evaluated } = await loadBundle(bundled)
  const [a, b, c] = await exports.handler()
  assert.equal(a.registry, b.registry)
  assert.deepEqual([ran, a.registry.b, c.alone], [['registry'], 1, true])
  assert.deepEqual(evaluated, ['function', 'function-1', 'function-2'])
})

test('import() in what import() has loaded, and modules that need each other', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `
      export const name = () => 'orders'
      export const handler = () => import('./outer.mjs')`,
    'outer.mjs': `
      import { name } from './orders.mjs'
      import { odd } from './odd.mjs'
      export const even = (n) => n === 0 || odd(n - 1)
      export const inner = async () => [name(), (await import('./inner.mjs')).value, (await import('./orders.mjs')).name()]`,
    'odd.mjs': `import { even } from './outer.mjs'; export const odd = (n) => n !== 0 && even(n - 1)`,
    'inner.mjs': `import('./outer.mjs').then(({ even }) => journal.push(even(4))); export const value = 'inner'`,
  })
  const ran = journal()
  const { exports, evaluated } = await loadBundle(bundled)
  const outer = await exports.handler()
  assert.equal(outer.even(7), false)
  assert.equal(evaluated.length, 2)
  assert.deepEqual(await outer.inner(), ['orders', 'inner', 'orders'])
  assert.equal(evaluated.length, 3)
  await new Promise(setImmediate)
  assert.deepEqual(ran, [true])
})

test('CommonJS, JSON and packages look the same as in one chunk, and as in Node.js', async (t) => {
  const files = {
    'orders.mjs': `
      import './shared.cjs'
      export const handler = async () => {
        const [old, babel, json, pkg, shared] = await Promise.all([
          import('./old.cjs'), import('./babel.cjs'), import('./data.json', { with: { type: 'json' } }), import('pkg'), import('./shared.cjs'),
        ])
        return [old.default.x, old.x, babel.default, babel.named, json.default, pkg.default, pkg.where, shared.default.count, old.default.up()]
      }`,
    'shared.cjs': 'exports.count = 1',
    'old.cjs': `
      const shared = require('./shared.cjs')
      const lib = require('./lib.mjs')
      module.exports = { x: 1, up: () => [++shared.count, lib.default, lib.__esModule] }`,
    'babel.cjs': 'exports.__esModule = true; exports.default = 2; exports.named = 3',
    'lib.mjs': 'export default "lib"',
    'data.json': { price: 3 },
    'node_modules/pkg/package.json': {
      name: 'pkg',
      type: 'module',
      exports: { import: './m.js', require: './c.cjs' },
    },
    'node_modules/pkg/m.js': 'export default "package"; export const where = import.meta.url',
    'node_modules/pkg/c.cjs': 'exports.where = "wrong"',
  }
  const expected = [
    1,
    1,
    { __esModule: true, default: 2, named: 3 },
    3,
    { price: 3 },
    'package',
    'file:///var/task/function.js',
    1,
    [2, 'lib', true],
  ]
  for (const split of [false, true]) {
    const bundled = await bundle(t, files, { split })
    assert.equal(bundled.chunks.length > 0, split)
    const found = await (await load(bundled)).handler()
    assert.deepEqual(found, expected, `split: ${split}`)
  }
})

test('a module that throws rejects each import() with what it threw', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `export const handler = () => Promise.allSettled([import('./bad.mjs'), import('./bad.mjs'), import('./good.mjs')])`,
    'bad.mjs': `journal.push('bad'); export const x = 1; throw new RangeError('bad')`,
    'good.mjs': `export const y = 2`,
  })
  const ran = journal()
  const { handler } = await load(bundled)
  const [first, second, good] = await handler()
  assert.equal(first.reason.name, 'RangeError')
  assert.equal(second.reason, first.reason)
  assert.equal((await handler())[0].reason, first.reason)
  assert.deepEqual([ran, good.value.y], [['bad'], 2])
})

test('an entry that awaits at its top level has chunks, and may load them meanwhile', async (t) => {
  const bundled = await bundle(t, {
    'orders.ts': `
      import { stock } from './stock.ts'
      const { lazy } = await import('./lazy.ts')
      export const early = lazy()
      export const handler = async () => [early, (await import('./later.ts')).later, stock]`,
    'stock.ts': `export let stock = 0; export const add = () => ++stock`,
    'lazy.ts': `import { add } from './stock.ts'; export const lazy = () => add()`,
    'later.ts': `export const later: string = 'later'`,
  })
  assert.equal(bundled.chunks.length, 2)
  assert.deepEqual(await (await load(bundled)).handler(), [1, 'later', 1])
})

for (const [what, files] of [
  [
    'a module behind an import() awaits',
    {
      'orders.mjs': `export const handler = async () => (await import('./lazy.mjs')).value`,
      'lazy.mjs': `export const value = await Promise.resolve('value')`,
    },
  ],
  [
    'a module awaits that the entry needs',
    {
      'orders.mjs': `import './waits.mjs'; export const handler = async () => (await import('./lazy.mjs')).value`,
      'waits.mjs': `await import('./lazy.mjs')`,
      'lazy.mjs': `export const value = 'value'`,
    },
  ],
  [
    'a module awaits of which nothing is kept',
    {
      'orders.mjs': `
        export const handler = async () => (await import('./lazy.mjs')).value
        const unused = () => import('./waits.mjs')`,
      'waits.mjs': 'await null',
      'lazy.mjs': `export const value = 'value'`,
    },
  ],
  [
    'the entry awaits, and is needed by what it loads',
    {
      'orders.mjs': `await null; export const own = 'value'; export const handler = async () => (await import('./lazy.mjs')).value()`,
      'lazy.mjs': `import { own } from './orders.mjs'; export const value = () => own`,
    },
  ],
  [
    'a file is imported as two modules',
    {
      'orders.mjs': `
        import plain from './data.json'
        import data from './data.json' with { type: 'json' }
        export const handler = async () => (await import('./lazy.mjs')).value(plain, data)`,
      'lazy.mjs': `import data from './data.json' with { type: 'json' }; export const value = () => data.value`,
      'data.json': { value: 'value' },
    },
  ],
] as const) {
  test(`all is in one chunk where ${what}`, async (t) => {
    const bundled = await bundle(t, files)
    assert.deepEqual(bundled.chunks, [])
    assert.equal(await (await load(bundled)).handler(), 'value')
  })
}

test('in a chunk, import.meta, require and module say what they say in the entry', async (t) => {
  const said = `[import.meta.url, import.meta.filename, import.meta.dirname, typeof require('node:fs').readFileSync, typeof require.resolve]`
  const bundled = await bundle(t, {
    'orders.mjs': `const said = ${said}; export const handler = async () => [said, (await import('./lazy.mjs')).said]`,
    'lazy.mjs': `export const said = ${said}`,
  })
  const [own, lazy] = await (await load(bundled)).handler()
  assert.deepEqual(lazy, own)
  assert.deepEqual(lazy.slice(0, 1), ['file:///var/task/function.js'])
})

test('a name of ours that the author uses is the author’s', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `
      export const __load = 1, __expose = 2
      export const handler = async (__load = 3) => [__load, __expose, (await import('./lazy.mjs')).value, 'import("lambdabin-chunk")']`,
    'lazy.mjs': `const __expose = 4; function deep(__load) { return [__load, __expose, import('./lazier.mjs')] } export const value = deep(5).length`,
    'lazier.mjs': '',
  })
  assert.equal(bundled.chunks.length, 2)
  assert.deepEqual(await (await load(bundled)).handler(), [3, 2, 3, 'import("lambdabin-chunk")'])
})

for (const strict of [true, false]) {
  test(`all chunks are in strict mode, or none (${strict})`, async (t) => {
    const tells = '(function () { return this === undefined })()'
    const bundled = await bundle(t, {
      'orders.ts': `export const own = ${tells}; export const handler = async () => [own, (await import('./lazy.ts')).own]`,
      'lazy.ts': `export const own = ${tells}`,
      'tsconfig.json': { compilerOptions: { strict } },
    })
    assert.equal(bundled.chunks.length, 1)
    assert.deepEqual(await (await load(bundled)).handler(), [strict, strict])
  })
}

test('all chunks are in strict mode where the entry says so', async (t) => {
  const tells = '(function () { return this === undefined })()'
  const bundled = await bundle(t, {
    'orders.cjs': `'use strict'; exports.handler = async () => [${tells}, (await import('./lazy.cjs')).own]`,
    'lazy.cjs': `exports.own = ${tells}`,
  })
  assert.equal(bundled.chunks.length, 1)
  assert.deepEqual(await (await load(bundled)).handler(), [true, true])
})

for (const minify of [true, false]) {
  test(`a chunk has its own source map, and its classes their names (minify: ${minify})`, async (t) => {
    const source = `import { NotFound as Other } from './stock.ts'\ninterface Order { id: string }\nclass NotFound extends Error {}\n\nexport function find(order: Order): never {\n  throw Object.assign(new NotFound('here'), { Other })\n}\n`
    const bundled = await bundle(
      t,
      {
        'orders.ts': `export const handler = async () => (await import('./src/find.ts')).find({ id: '' })`,
        'src/find.ts': source,
        'src/stock.ts': 'export class NotFound extends Error {}',
      },
      { minify },
    )
    const error = await (await load(bundled)).handler().then(assert.fail, (thrown: Error) => thrown)
    assert.deepEqual([error.constructor.name, error.Other.name], ['NotFound', 'NotFound'])
    const [, line, column] = /function-1\.js:(\d+):(\d+)/.exec(error.stack) ?? []
    const map = new SourceMap(JSON.parse(bundled.chunks[0]?.sourceMap.toString() ?? ''))
    const origin = map.findEntry(Number(line) - 1, Number(column) - 1)
    assert.ok('originalSource' in origin)
    assert.equal(origin.originalSource, 'src/find.ts')
    assert.match(source.split('\n')[origin.originalLine] ?? '', /throw Object/)
  })
}

test('neither chunks nor source maps tell where they were built', async (t) => {
  const files = {
    'orders.ts': `import { shared } from './shared.ts'; export const handler = () => [shared, import('./a.ts'), import('b')]`,
    'a.ts': `import { shared } from './shared.ts'; export const a = [shared, import.meta.url]`,
    'shared.ts': `export let shared = 1; export const set = () => { shared = 2 }`,
    'node_modules/b/package.json': { name: 'b' },
    'node_modules/b/index.js': 'exports.b = 1',
  }
  const [here, there] = await Promise.all([
    bundle(t, files, { minify: false }),
    bundle(t, files, { minify: false }),
  ])
  assert.equal(here.chunks.length, 2)
  for (const [number, chunk] of [here.entry, ...here.chunks].entries()) {
    const other = [there.entry, ...there.chunks][number]
    assert.ok(other && chunk.code.equals(other.code) && chunk.sourceMap.equals(other.sourceMap))
  }
})

test('of what the entry and a chunk share, the entry has what one of them uses', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `import { a } from 'library'; export const handler = async () => [a(), (await import('./lazy.mjs')).value]`,
    'lazy.mjs': `import { b } from 'library/ab.js'; import { c } from 'library/index.js'; export const value = [b(), c()]`,
    'node_modules/library/package.json': {
      name: 'library',
      type: 'module',
      main: 'index.js',
      sideEffects: false,
    },
    'node_modules/library/index.js': `export { a } from './ab.js'; export { c } from './c.js'`,
    'node_modules/library/ab.js': `export const a = () => 'is a'; export const b = () => 'is b'; export const unused = () => 'is unused'`,
    'node_modules/library/c.js': `export const c = () => 'is c'`,
  })
  const chunks = [bundled.entry, ...bundled.chunks].map(({ code }) => code.toString().match(/is [a-z]+/g))
  assert.deepEqual(chunks, [['is a', 'is b'], ['is c']])
  assert.deepEqual(await (await load(bundled)).handler(), ['is a', ['is b', 'is c']])
})

test('packages that are left out, and computed names, are imported as Node.js does', async (t) => {
  const folder = temporaryFolder(t)
  writeFiles(folder, {
    'node_modules/out/package.json': { name: 'out' },
    'node_modules/out/index.js': 'exports.out = __filename',
  })
  const bundled = await bundle(
    t,
    {
      'orders.mjs': `export const handler = async () => (await import('./lazy.mjs')).value()`,
      'lazy.mjs': `import { out } from 'out'; const name = 'o' + 'ut'; export const value = async () => [out, (await import('out')).out, (await import(name)).out]`,
    },
    { externals: ['out'] },
  )
  const file = join(folder, 'node_modules/out/index.js')
  assert.equal(bundled.chunks.length, 1)
  // Executables run in their task root.
  const before = process.cwd()
  t.after(() => process.chdir(before))
  process.chdir(folder)
  assert.deepEqual(await (await load(bundled, folder)).handler(), [file, file, file])
})

/** A module of a random project: how it is written, and which others it needs. */
interface Module {
  kind: 'mjs' | 'ts' | 'cjs'
  /** By the number of the module, how it is imported. */
  needs: { to: number; how: number }[]
  loads: number[]
  pure: boolean
}

const MODULES = fc.array(
  fc.record({
    kind: fc.constantFrom('mjs', 'ts', 'cjs') as fc.Arbitrary<Module['kind']>,
    needs: fc.array(fc.record({ to: fc.nat(7), how: fc.nat(4) }), { maxLength: 3 }),
    loads: fc.array(fc.nat(7), { minLength: 1, maxLength: 2 }),
    pure: fc.boolean(),
  }),
  { minLength: 4, maxLength: 8 },
)

function projectOf(modules: readonly Module[]): Record<string, string> {
  const fileOf = (number: number) => `m${number}.${modules[number]?.kind}`
  return Object.fromEntries(
    modules.map((module, number) => [fileOf(number), sourceOf(module, number, modules, fileOf)]),
  )
}

/** A module that tells when it runs, counts, and shows what it sees of those that it needs. */
function sourceOf(
  { kind, needs, loads, pure }: Module,
  number: number,
  modules: readonly Module[],
  fileOf: (number: number) => string,
): string {
  const place = (target: number) => target % modules.length
  const lazy = loads.map((target) => `() => import('./${fileOf(place(target))}')`)
  const targets = new Map(needs.map(({ to, how }) => [place(to), how]))
  targets.delete(number)
  const seen: string[] = []
  const statements = [...targets].map(([to, how]) => {
    const from = `'./${fileOf(to)}'`
    if (kind === 'cjs') {
      seen.push(`r${to}.count${to}`)
      return `const r${to} = require(${from})`
    }
    const isModule = modules[to]?.kind !== 'cjs'
    if (how === 0) {
      return `import ${from}`
    }
    if (how === 1 && isModule) {
      seen.push(`c${to}`, `up${to}()`)
      return `import { count${to} as c${to}, up${to} } from ${from}`
    }
    if (how === 2 && isModule) {
      seen.push(`d${to}.name`)
      return `import d${to} from ${from}`
    }
    if (how === 3 && isModule) {
      return `export * from ${from}`
    }
    seen.push(`Object.keys(n${to}).sort().join()`, `n${to}.count${to}`)
    return `import * as n${to} from ${from}`
  })
  const runs = pure ? '' : `journal.push(${number})`
  const shows = `async () => { await null; return [${seen.join(', ')}] }`
  return kind === 'cjs'
    ? `${statements.join('\n')}\n${runs}\nexports.count${number} = 0\nexports.see = ${shows}\nexports.lazy = [${lazy}]`
    : `${statements.join('\n')}\n${runs}\nexport let count${number} = 0\nexport const up${number} = () => ++count${number}\nexport default class C${number} {}\nexport const see = ${shows}\nexport const lazy = [${lazy}]`
}

/** Follows the import()s of the entry, and of what they load. */
async function explore(bundled: FunctionBundle, path: readonly number[]): Promise<unknown[]> {
  const found: unknown[] = [journal()]
  let { exports: module } = await loadBundle(bundled)
  for (const step of path) {
    found.push(await module.see?.().catch((error: Error) => error.name))
    const load = module.lazy?.[step % module.lazy.length]
    const next = await load?.().catch((error: Error) => ({ failed: error.name }))
    if (next === undefined) {
      break
    }
    found.push(next.failed, Object.keys(next).sort(), next.default?.name)
    module = next
  }
  return found
}

test('any functions in several chunks do what they do in one, in the same order', async (t) => {
  let several = 0
  await fc.assert(
    fc.asyncProperty(MODULES, fc.array(fc.nat(1), { minLength: 6, maxLength: 6 }), async (modules, path) => {
      const files = { 'package.json': '{}', ...projectOf(modules) }
      const entry = {
        [`m0.${modules[0]?.kind}`]: files[`m0.${modules[0]?.kind}` as keyof typeof files] ?? '',
      }
      const [whole, split] = await Promise.all([
        bundle(t, { ...entry, ...files }, { split: false }),
        bundle(t, { ...entry, ...files }),
      ])
      if (split.chunks.length > 0) {
        several++
      }
      assert.deepEqual(await explore(split, path), await explore(whole, path))
    }),
    { seed: 20_181_203, numRuns: 60 },
  )
  assert.ok(several > 20, `${several} of 60 were in several chunks`)
})
