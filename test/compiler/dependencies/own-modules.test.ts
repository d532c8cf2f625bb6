/** What an author's module names by a path of its own: workers, children, files. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { ASK, runOwnModule } from '../../support/projects/own-module-run.ts'

const WORKER = {
  'src/double.ts':
    "import { parentPort, workerData } from 'node:worker_threads'\nimport { twice } from './twice.ts'\nawait null\nparentPort!.postMessage(twice(workerData))",
  'src/twice.ts': 'export const twice = (n: number): number => n * 2',
}

for (const [what, path] of [
  ['a URL', "new URL('./double.ts', import.meta.url)"],
  ['a path of what it is compiled to', "join(import.meta.dirname, 'double.js')"],
  ['a path in a variable’s folder', "join(here, 'double.js')"],
] as const) {
  test(`a worker is bundled by itself, and runs: from ${what}`, async (t) => {
    const { result, files, missing } = await runOwnModule(t, {
      ...WORKER,
      'src/orders.ts': `
        import { Worker } from 'node:worker_threads'
        import { dirname, join } from 'node:path'
        import { fileURLToPath } from 'node:url'
        const here = dirname(fileURLToPath(import.meta.url))
        ${ASK}
        export const handler = () => [typeof join, here] && ask(new Worker(${path}, { workerData: 21 }))`,
    })
    assert.equal(result, 42)
    assert.deepEqual(files, ['worker-src-double.mjs'])
    assert.deepEqual(missing, [])
  })
}

test('so is the module of a child process', async (t) => {
  const { result } = await runOwnModule(t, {
    'src/child.ts':
      "process.once('message', (n: number) => process.send!(n + 1, () => process.disconnect()))",
    'src/orders.ts': `
      import { fork } from 'node:child_process'
      ${ASK}
      export const handler = () => { const child = fork(new URL('./child.ts', import.meta.url)); child.send(1); return ask(child) }`,
  })
  assert.equal(result, 2)
})

for (const [what, path] of [
  ['a URL', "new URL('./page.html', import.meta.url)"],
  ['join', "join(import.meta.dirname, 'page.html')"],
  ['a sum', "import.meta.dirname + '/page.html'"],
] as const) {
  test(`a file beside a module is read where --include puts it, and named where it does not: by ${what}`, async (t) => {
    const files = {
      'src/page.html': '<p>',
      'src/orders.ts': `
        import { readFileSync } from 'node:fs'
        import { join } from 'node:path'
        export const handler = () => { try { return typeof join && readFileSync(${path}, 'utf8') } catch (error: any) { return error.code } }`,
    }
    const included = await runOwnModule(t, files, ['src/page.html'])
    assert.deepEqual([included.result, included.missing], ['<p>', []])
    const without = await runOwnModule(t, files)
    assert.equal(without.result, 'ENOENT')
    assert.match(
      String(without.missing[0]),
      /reads src\/page\.html, which is not in the package; .*--include src\/page\.html/,
    )
  })
}

test('what a require of its own loads by a name that is written out is bundled', async (t) => {
  const { result } = await runOwnModule(t, {
    'src/data.json': { a: 1 },
    'node_modules/old/package.json': { name: 'old' },
    'node_modules/old/index.js': 'exports.b = 2',
    'src/orders.ts': `
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const data = require('./data.json')
      export const handler = (): unknown => [data.a, require('old').b]`,
  })
  assert.deepEqual(result, [1, 2])
})

const LODASH = {
  'node_modules/lodash/package.json': { name: 'lodash', version: '4.0.0' },
  'node_modules/lodash/index.js': 'exports.add = (a, b) => a + b',
}

/** The notes of a build of `src/orders.ts`, and the names of what is shipped beside it. */
async function noted(t: TestContext, code: string, externals: readonly string[] = []) {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': { type: 'module', dependencies: { lodash: '4.0.0' } },
    ...LODASH,
    'src/orders.ts': code,
    'src/kinds/a.ts': 'export default 1',
  })
  const { packages } = await bundleFunction(join(project, 'src/orders.ts'), {
    minify: true,
    externals,
    bundled: [],
  })
  return { notes: packages.notes, shipped: packages.packages.map(({ name }) => name) }
}

const LOADS = {
  require: "type Name = string\nexport const handler = () => require(['lo', 'dash'].join(''))",
  import: "type Name = string\nexport const handler = () => import(['lo', 'dash'].join(''))",
  'a require that it makes':
    "import { createRequire } from 'node:module'; const load = createRequire(import.meta.url)\nexport const handler = () => load(['lo', 'dash'].join(''))",
  'require by another name':
    "type Name = string\nconst load = require; export const handler = () => load(['lo', 'dash'].join(''))",
}

for (const [what, code] of Object.entries(LOADS)) {
  test(`a computed name that is loaded is told with its line: ${what}`, async (t) => {
    const { notes, shipped } = await noted(t, code)
    assert.equal(notes.length, 1)
    assert.match(notes[0] ?? '', /^src\/orders\.ts:2: .*--external PACKAGE$/)
    assert.deepEqual(shipped, [])
    assert.deepEqual((await noted(t, code, ['lodash'])).notes, [], 'it is shipped')
  })
}

test('a package whose name is written elsewhere in a module that loads by name is shipped', async (t) => {
  const code = "const names = ['lodash']\nexport const handler = () => import(names[0]!)"
  assert.deepEqual(await noted(t, code), { notes: [], shipped: ['lodash'] })
})

for (const [what, load] of Object.entries({
  'a template': `(name: string) => import(\`lodash/fp/\${name}.js\`)`,
  'a sum': "(name: string) => require('lodash/fp/' + name)",
  'a variable': `(name: string) => { const path = \`lodash/fp/\${name}\`; return import(path) }`,
})) {
  test(`a package of which a path is computed is shipped, and has one instance: ${what}`, async (t) => {
    const code = `import lodash from 'lodash'\nconst load = ${load}\nexport const handler = () => [lodash, load('map')]`
    assert.deepEqual(await noted(t, code), { notes: [], shipped: ['lodash'] })
  })
}

test('a package is bundled beside a computed name that does not begin with its own', async (t) => {
  const code = `import lodash from 'lodash'\nexport const handler = (name: string) => [lodash, \`lodash is \${name}\`, 'lodash/', import(name)]`
  const { notes, shipped } = await noted(t, code)
  assert.deepEqual([notes.length, shipped], [1, []])
})

test('names that a bundler sees are not told of', async (t) => {
  const code = `
    import { createRequire } from 'node:module'
    const load = createRequire(import.meta.url)
    export const handler = async (kind: string) => [
      load('lodash'), require('lodash'), await import('lodash'), await import(\`./kinds/\${kind}.ts\`), typeof require,
    ]`
  assert.deepEqual(await noted(t, code), { notes: [], shipped: [] })
})

test('classes and functions keep the names that they were written with in a module that names a path of its own', async (t) => {
  const { result } = await runOwnModule(t, {
    'tsconfig.json': { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } },
    'src/other.ts': 'export class Order {}\nexport function find() {}',
    'src/orders.ts': `
      import { existsSync } from 'node:fs'
      import { join } from 'node:path'
      import * as other from './other.ts'
      const models: string[] = []
      const model = (...args: any[]) => { models.push(args[0].name) }
      @model class Order { @model2() total!: number }
      function model2() { return () => {} }
      const find = function find() {}
      const outer = () => { function find() {} return find.name }
      export const handler = () => [models, Order.name, find.name, outer(), outer.name, other.Order.name, other.find.name, existsSync(join(import.meta.dirname, 'page.html'))]`,
    'src/page.html': '<p>',
  })
  assert.deepEqual(result, [['Order'], 'Order', 'find', 'find', 'outer', 'Order', 'find', false])
})
for (const [what, ending, esbuild] of [
  ['by an option', 'tsx', { jsx: 'automatic', jsxImportSource: 'own-jsx' }],
  ['by a tsconfig.json that is chosen', 'tsx', { tsconfig: 'settings.json' }],
  [
    'in a file that is called .js',
    'js',
    { jsx: 'automatic', jsxImportSource: 'own-jsx', loader: { '.js': 'jsx' } },
  ],
] as const) {
  test(`a module that names a path is compiled as its author says: JSX ${what}`, async (t) => {
    const view = `
      import { readFileSync } from 'node:fs'
      export const view = () => <p>{readFileSync(import.meta.dirname + '/page.html', 'utf8')}</p>`
    const project = temporaryFolder(t)
    const settings = { compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'own-jsx' } }
    const options = 'tsconfig' in esbuild ? { tsconfig: join(project, esbuild.tsconfig) } : esbuild
    writeFiles(project, { 'settings.json': settings })
    const { result } = await runOwnModule(
      t,
      {
        'src/page.html': 'text',
        [`src/view.${ending}`]: view,
        'src/orders.ts': `import { view } from './view.${ending}'\nexport const handler = () => view()`,
        'node_modules/own-jsx/package.json': { name: 'own-jsx', type: 'module' },
        'node_modules/own-jsx/jsx-runtime.js':
          'export const jsx = (name, { children }) => name + ": " + children',
      },
      ['src/page.html'],
      options,
    )
    assert.equal(result, 'p: text')
  })
}
