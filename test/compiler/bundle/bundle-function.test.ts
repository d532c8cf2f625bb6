import assert from 'node:assert/strict'
import { createRequire, SourceMap } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { constants, Script } from 'node:vm'
import { BuildError } from '../../../src/compiler/build-error.ts'
import { bundleFunction, type FunctionBundle } from '../../../src/compiler/bundle/bundle-function.ts'
import { ImportMeta } from '../../../src/executable/function-module.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

type Files = Parameters<typeof writeFiles>[1]
// biome-ignore lint/suspicious/noExplicitAny: what a bundle exports is whatever the test wrote.
type Exports = any

/** Bundles the first of `files`, in a project of their own. */
function bundle(t: TestContext, files: Files, options: { minify?: boolean; externals?: string[] } = {}) {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, ...files })
  const [entry = ''] = Object.keys(files)
  return bundleFunction(join(folder, entry), { minify: true, externals: [], bundled: [], ...options })
}

/** Runs a bundle as the launcher of an executable does, from the folder `taskRoot`. */
async function load({ entry: { code } }: FunctionBundle, taskRoot = '/var/task'): Promise<Exports> {
  const filename = join(taskRoot, 'function.js')
  const module = { exports: {} }
  const script = new Script(code.toString(), {
    filename,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  const run = script.runInThisContext()
  const require = createRequire(filename)
  await run(module.exports, require, module, filename, taskRoot, new ImportMeta(filename, () => require))
  return module.exports
}

for (const minify of [true, false]) {
  test(`TypeScript, JSON and packages become one chunk (minify: ${minify})`, async (t) => {
    const bundled = await bundle(
      t,
      {
        'orders.ts': `
          import data from './data.json'
          import { twice } from 'twice'
          import { join } from 'node:path'
          enum Colour { Red = 'red' }
          export const handler = async (event: { n: number }): Promise<unknown> =>
            [twice(event.n), data.price, Colour.Red, join('a', 'b')]`,
        'data.json': { price: 3 },
        'node_modules/twice/package.json': { name: 'twice', main: 'index.js' },
        'node_modules/twice/index.js': 'exports.twice = (n) => n * 2',
      },
      { minify },
    )
    assert.deepEqual(await (await load(bundled)).handler({ n: 4 }), [8, 3, 'red', 'a/b'])
    assert.deepEqual(bundled.exports, ['handler'])
  })
}

test('a CommonJS entry keeps its module.exports', async (t) => {
  const bundled = await bundle(t, {
    'orders.cjs': 'module.exports = { handler: () => [typeof __dirname, this === module.exports] }',
  })
  assert.deepEqual((await load(bundled)).handler(), ['string', false])
  assert.equal(bundled.exports, undefined)
})

test('import.meta says where the package is, even in a module with a __dirname of its own', async (t) => {
  const bundled = await bundle(t, {
    'orders.mjs': `
      const __dirname = 'mine'
      export const handler = () => [__dirname, import.meta.dirname, import.meta.filename, import.meta.url]`,
  })
  assert.deepEqual((await load(bundled)).handler(), [
    'mine',
    '/var/task',
    '/var/task/function.js',
    'file:///var/task/function.js',
  ])
})

test('top-level await beside ES modules with variables called exports, module and require', async (t) => {
  const files = {
    'package.json': {},
    'named.mjs':
      "var exports = { a: 1 }, module = 'a module'; const require = (name) => name\nexport const named = () => [exports.a, module, require('b')]",
    'asking.mjs':
      "if (typeof module !== 'undefined') module.exports = { handler: () => 'taken' }\nexport const asked = typeof module",
    'old.cjs': "module.exports.handler = async () => (await import('./waits.mjs')).waited",
    'waits.mjs': "import { named } from './named.mjs'\nexport const waited = await Promise.resolve(named())",
  }
  const project = writeFiles(temporaryFolder(t), {
    ...files,
    'orders.mjs':
      "import { named } from './named.mjs'\nimport { asked } from './asking.mjs'\nimport { sep } from 'node:path'\nawait null\nexport * from 'node:os'\nexport const handler = () => [...named(), asked, sep]",
  })
  const options = { minify: true, externals: [], bundled: [] }
  const exports = await load(await bundleFunction(join(project, 'orders.mjs'), options))
  assert.deepEqual(exports.handler(), [1, 'a module', 'b', 'undefined', '/'])
  assert.equal(typeof exports.cpus, 'function')
  const old = await load(await bundleFunction(join(project, 'old.cjs'), options))
  assert.deepEqual(await old.handler(), [1, 'a module', 'b'])
})

for (const minify of [true, false]) {
  test(`top-level await, with every kind of import and export (minify: ${minify})`, async (t) => {
    const folder = temporaryFolder(t)
    writeFiles(folder, {
      'node_modules/outside/package.json': { name: 'outside', type: 'module', exports: './index.js' },
      'node_modules/outside/index.js':
        'await null; globalThis.outsideLoaded = true; export default "default"; export const a = 1, b = 2, handler = 3; export { a as "a name" }',
      'node_modules/old/package.json': { name: 'old' },
      'node_modules/old/index.js': 'module.exports = (x) => x + 1; module.exports.two = 2',
    })
    const bundled = await bundleFunction(
      join(
        writeFiles(folder, {
          'package.json': {},
          'orders.ts': `
            import fs, { readFileSync as read, existsSync } from 'node:fs'
            import * as path from 'node:path'
            import def, * as everything from 'outside'
            import { "a name" as named } from 'outside'
            import 'outside'
            import old, { two } from 'old'
            import { later } from './later.ts'
            export { join as j } from 'node:path'
            export * from 'outside'
            export * as os from 'node:os'
            export let count = 0
            export const increase = () => { count += 1 }
            const waited = await new Promise((resolve) => setTimeout(resolve, 1, 'waited'))
            export const handler = () => ({
              same: fs.readFileSync === read && typeof existsSync, sep: path.sep, def, everything: everything.b, named, waited,
              old: old(two), later,
            })
            export default class Orders {}`,
          'later.ts': 'export const later = await Promise.resolve("later")',
        }),
        'orders.ts',
      ),
      { minify, externals: ['outside', 'old'], bundled: [] },
    )
    const exports = await load(bundled, folder)
    assert.deepEqual(exports.handler(), {
      same: 'function',
      sep: '/',
      def: 'default',
      everything: 2,
      named: 1,
      waited: 'waited',
      old: 3,
      later: 'later',
    })
    assert.equal(exports.j('a', 'b'), 'a/b')
    assert.equal(exports.a, 1, 'export * brings the names of the other module')
    assert.equal(typeof exports.handler, 'function', 'a module’s own export wins over one of export *')
    assert.equal(typeof exports.os.cpus, 'function')
    assert.equal(exports.default.name.replace('default', 'Orders'), 'Orders')
    exports.increase()
    assert.equal(exports.count, 1, 'exports are live')
  })
}

for (const [kind, wait] of [
  ['a plain bundle', ''],
  ['a bundle with top-level await', 'await null\nimport { join } from "node:path"; join("a")\n'],
] as const) {
  for (const minify of [true, false]) {
    test(`the source map of ${kind} leads to the TypeScript line (minify: ${minify})`, async (t) => {
      const source = `${wait}interface Order { id: string }\n\nexport function handler(order: Order): never {\n  throw new Error('here')\n}\n`
      const bundled = await bundle(t, { 'src/orders.ts': source }, { minify })
      const error = await load(bundled).then((exports) => {
        try {
          return exports.handler({})
        } catch (thrown) {
          return thrown
        }
      })
      const [, line, column] = /function\.js:(\d+):(\d+)/.exec(error.stack) ?? []
      const map = new SourceMap(JSON.parse(bundled.entry.sourceMap.toString()))
      const entry = map.findEntry(Number(line) - 1, Number(column) - 1)
      assert.ok('originalSource' in entry)
      assert.equal(entry.originalSource, 'src/orders.ts')
      assert.equal(source.split('\n')[entry.originalLine]?.trim(), "throw new Error('here')")
    })
  }
}

test('neither the bundle nor its source map tells where it was built', async (t) => {
  const files = {
    'src/orders.ts': 'import { a } from "a"; export const handler = () => [a, import.meta.url]',
    'node_modules/a/package.json': { name: 'a' },
    'node_modules/a/index.js': 'exports.a = 1',
  }
  const [here, there] = await Promise.all([
    bundle(t, files, { minify: false }),
    bundle(t, files, { minify: false }),
  ])
  assert.ok(here.entry.code.equals(there.entry.code))
  assert.ok(here.entry.sourceMap.equals(there.entry.sourceMap))
})

for (const wait of ['', 'await null']) {
  test(`error classes keep their names, also beside others of that name and when they name themselves ${wait}`, async (t) => {
    const bundled = await bundle(t, {
      'orders.ts': `
      import { fail } from './stock.ts'
      class NotFound extends Error {}
      ${wait}
      class Refused extends Error { static is(error: unknown) { return error instanceof Refused } }
      export const handler = () => [fail, () => { throw new NotFound() }, () => { throw new Refused() }]`,
      'stock.ts': 'class NotFound extends Error {}\nexport const fail = () => { throw new NotFound() }',
    })
    const names = (await load(bundled)).handler().map((run: () => void) => {
      try {
        run()
        return undefined
      } catch (error) {
        return error instanceof Error ? error.constructor.name : error
      }
    })
    assert.deepEqual(names, ['NotFound', 'NotFound', 'Refused'])
  })
}

test('no call for names is made where every class has its own anyway', async (t) => {
  const bundled = await bundle(t, {
    'orders.ts': 'export class NotFound extends Error {}\nexport const handler = () => new NotFound()',
  })
  assert.doesNotMatch(bundled.entry.code.toString(), /__name\(/)
  assert.equal((await load(bundled)).handler().constructor.name, 'NotFound')
})

for (const minify of [true, false]) {
  test(`where a class needs a call for its name, functions that have theirs get none (minify: ${minify})`, async (t) => {
    const files = {
      'orders.ts': `
        import { Other, find as findOther } from './stock.ts'
        class NotFound extends Error {}
        function find() { return [NotFound.name, Other.name, find.name, findOther.name] }
        export const handler = () => [find(), TEXT]`,
      'stock.ts': 'class NotFound extends Error {}\nexport const Other = NotFound\nexport function find() {}',
    }
    const withText = (text: string) => ({ ...files, 'orders.ts': files['orders.ts'].replace('TEXT', text) })
    const bundled = await bundle(t, withText('1'), { minify })
    assert.match(bundled.entry.code.toString(), /static ?\{\s*__name\(this/)
    assert.doesNotMatch(bundled.entry.code.toString(), /__name\(find,/)
    const names = ['NotFound', 'NotFound', 'find', 'find']
    assert.deepEqual((await load(bundled)).handler(), [names, 1])
    const own = await bundle(t, withText(`'__name(find,"find")'`), { minify })
    assert.deepEqual((await load(own)).handler(), [names, '__name(find,"find")'], 'a text of the author’s')
  })
}

test('packages of the AWS SDK are bundled from their ES modules, others as Node.js would take them', async (t) => {
  const twoKinds = (name: string) => ({
    [`node_modules/${name}/package.json`]: { name, main: 'main.js', module: 'module.js' },
    [`node_modules/${name}/main.js`]: 'exports.kind = "main"',
    [`node_modules/${name}/module.js`]: 'export const kind = "module"',
  })
  const bundled = await bundle(t, {
    'orders.ts': `
      import { kind as sdk } from '@aws-sdk/client-x'
      import { kind as smithy } from '@smithy/core'
      import { kind as other } from 'other'
      export const handler = () => [sdk, smithy, other]`,
    ...twoKinds('@aws-sdk/client-x'),
    ...twoKinds('@smithy/core'),
    ...twoKinds('other'),
  })
  assert.deepEqual((await load(bundled)).handler(), ['module', 'module', 'main'])
})

async function failure(bundling: Promise<FunctionBundle>): Promise<string> {
  const error = await bundling.then(
    () => assert.fail('it was bundled'),
    (thrown) => thrown,
  )
  assert.ok(error instanceof BuildError, error.stack)
  return error.message
}

test('what assigns to exports and has export {} is CommonJS, as tsc makes of it, and is told where it is an ES module', async (t) => {
  const files = {
    'orders.ts':
      "import { join } from 'node:path'\nconst { b } = require('./b')\nexports.handler = async (a: string) => join(a, b)\nexport {}",
    'b.ts': "exports.b = 'b'\nexport {}",
  }
  const both = await bundle(t, files)
  assert.equal(both.exports, undefined, 'which is CommonJS')
  assert.equal(await (await loadBundle(both)).exports.handler('a'), 'a/b')
  assert.match(
    await failure(bundle(t, { ...files, 'package.json': { type: 'module' } })),
    /orders\.ts assigns to exports, .*; leave out export \{\}, or/,
  )
  const { exports } = await bundle(t, { 'orders.ts': 'exports.handler = async () => 1' })
  assert.equal(exports, undefined, 'which is CommonJS')
})

test('a syntax error is told with file, line and column', async (t) => {
  const message = await failure(bundle(t, { 'src/orders.ts': 'export const handler = () => 1\nconst = 2\n' }))
  assert.match(message, /orders\.ts cannot be bundled, one error:/)
  assert.match(message, /src\/orders\.ts:2:6/)
})

test('an import that leads nowhere is told with file, line and column', async (t) => {
  const message = await failure(
    bundle(t, { 'orders.ts': 'import "./nowhere.ts"\nimport "no-such-package"\nexport const handler = 1' }),
  )
  assert.match(message, /2 errors/)
  assert.match(message, /orders\.ts:1:7/)
  assert.match(message, /orders\.ts:2:7/)
})

test('an error of a module that awaits is told as itself, not as one about awaiting', async (t) => {
  const message = await failure(
    bundle(t, { 'orders.ts': 'await null\nimport "./nowhere.ts"\nexport const handler = 1' }),
  )
  assert.match(message, /nowhere/)
  assert.doesNotMatch(message, /await/i)
})

test('an entry that exports nothing, or only types, is refused with what to export', async (t) => {
  for (const source of ['console.log(1)', 'export type Order = string', 'import "node:fs"', '']) {
    assert.match(
      await failure(bundle(t, { 'orders.ts': source })),
      /orders\.ts exports nothing; export .*handler/,
    )
  }
})

test('a native addon of the author’s own is refused with what to do', async (t) => {
  const message = await failure(
    bundle(t, { 'orders.ts': 'import "./addon.node"; export const handler = 1', 'addon.node': '' }),
  )
  assert.match(message, /ship it with --include/)
})

test('a package that is left out is required when the function is loaded', async (t) => {
  const folder = temporaryFolder(t)
  writeFiles(folder, {
    'node_modules/out/package.json': { name: 'out' },
    'node_modules/out/index.js': 'exports.out = __filename',
  })
  const bundled = await bundle(
    t,
    {
      'orders.ts':
        'import { out } from "out"; export const handler = async () => [out, (await import("out")).out]',
    },
    { externals: ['out'] },
  )
  const file = join(folder, 'node_modules/out/index.js')
  assert.deepEqual(await (await load(bundled, folder)).handler(), [file, file])
})

test('of an ES module that is left out, and has a value for those who require it, an import gets its exports', async (t) => {
  const both = {
    'node_modules/both/package.json': { name: 'both', exports: './index.mjs' },
    'node_modules/both/index.mjs': `
      const both = () => 'called'
      both.named = 'named'
      export const named = 'named'
      export { both as default, both as 'module.exports' }`,
  }
  const entry = `
    import both, { named } from 'both'
    export const handler = async () => [both(), named, (await import('both')).default()]`
  const folder = temporaryFolder(t)
  writeFiles(folder, both)
  const bundled = await bundle(t, { 'orders.ts': entry, ...both }, { externals: ['both'] })
  assert.deepEqual(await (await load(bundled, folder)).handler(), ['called', 'named', 'called'])
})

test('what is wrong with a tsconfig.json is told once, whatever imports are resolved with it', async (t) => {
  const clients = ['a', 'b', 'c'].map((name) => `@aws-sdk/client-${name}`)
  const { warnings } = await bundle(t, {
    'orders.ts': `${clients.map((name) => `import '${name}'`).join('\n')}\nexport const handler = () => 1`,
    'tsconfig.json': { extends: './gone.json' },
    ...Object.fromEntries(
      clients.flatMap((name) => [
        [`node_modules/${name}/package.json`, { name, main: 'index.js' }],
        [`node_modules/${name}/index.js`, ''],
      ]),
    ),
  })
  assert.deepEqual(
    warnings.map(({ text, pluginName }) => [text, pluginName]),
    [['Cannot find base config file "./gone.json"', '']],
  )
})
