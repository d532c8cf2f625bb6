/** What an author's module names by a path of its own: workers, children, files. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction, writeBundledFiles } from '../../../src/compiler/bundle/bundle-function.ts'
import { describeMissingFiles } from '../../../src/compiler/dependencies/plan-notes.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

/** Bundles `src/orders.ts`, lays it out with `included` files of the project, and calls its handler. */
async function run(
  t: TestContext,
  files: Parameters<typeof writeFiles>[1],
  included: readonly string[] = [],
) {
  const project = writeFiles(temporaryFolder(t), { 'package.json': { type: 'module' }, ...files })
  const options = { minify: true, externals: [], bundled: [] }
  const bundle = await bundleFunction(join(project, 'src/orders.ts'), options)
  const taskRoot = temporaryFolder(t)
  await writeBundledFiles(bundle.files, taskRoot)
  for (const path of included) {
    mkdirSync(dirname(join(taskRoot, path)), { recursive: true })
    copyFileSync(join(project, path), join(taskRoot, path))
  }
  const missing = describeMissingFiles(bundle.packages, { paths: included, root: project })
  const { exports } = await loadBundle(bundle, taskRoot)
  return { result: await exports.handler(), missing, files: bundle.files.map(({ path }) => path) }
}

const ASK = `
  const ask = (worker: any) => new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject) })`

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
    const { result, files, missing } = await run(t, {
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
  const { result } = await run(t, {
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
    const included = await run(t, files, ['src/page.html'])
    assert.deepEqual([included.result, included.missing], ['<p>', []])
    const without = await run(t, files)
    assert.equal(without.result, 'ENOENT')
    assert.match(
      String(without.missing[0]),
      /reads src\/page\.html, which is not in the package; .*--include src\/page\.html/,
    )
  })
}

for (const [what, path] of [
  ['join', `join(import.meta.dirname, 'pages', \`\${name}.html\`)`],
  ['a template in join', `join(import.meta.dirname, \`pages/\${name}.html\`)`],
  ['a variable’s folder', "join(here, 'pages', name + '.html')"],
  ['a template', `\`\${here}/pages/\${name}.html\``],
  ['a sum', "here + ('/pages/' + name + '.html')"],
  ['a URL', `new URL(\`./pages/\${name}.html\`, import.meta.url)`],
] as const) {
  test(`a path that is computed from a folder on means that folder in the package: by ${what}`, async (t) => {
    const files = {
      'src/pages/a.html': '<p>',
      'src/orders.ts': `
        import { readFileSync } from 'node:fs'
        import { join } from 'node:path'
        const here = import.meta.dirname
        const read = (name: string) => { try { return typeof join && typeof here && readFileSync(${path}, 'utf8') } catch (error: any) { return error.code } }
        export const handler = () => read('a')`,
    }
    const included = await run(t, files, ['src/pages/a.html'])
    assert.equal(included.result, '<p>')
    const without = await run(t, files)
    assert.equal(without.result, 'ENOENT')
    assert.match(
      String(without.missing[0]),
      /reads src\/pages, which is not in the package; .*--include src\/pages/,
    )
  })
}

test('a pattern of paths begins at the module’s folder in the package', async (t) => {
  const { result } = await run(t, {
    'src/entities/a.ts': 'export const a = 1',
    'src/orders.ts': `
      import { join } from 'node:path'
      export const handler = () => [join(import.meta.dirname, 'entities/*.{js,ts}'), import.meta.dirname]`,
  })
  const [pattern, root] = result as [string, string]
  assert.equal(pattern, join(root, 'src/entities/*.{js,ts}'))
})

for (const [what, code] of [
  ['the entry', "exports.handler = () => readFileSync(join(__dirname, 'page.html'), 'utf8')"],
  [
    'a folder in it',
    "const page = 'page.html'; exports.handler = () => readFileSync(join(__dirname, 'pages', page), 'utf8')",
  ],
] as const) {
  test(`a CommonJS module names what is beside it, and stays one: ${what}`, async (t) => {
    const head = "const { readFileSync } = require('fs'); const { join } = require('path');"
    const files = {
      'src/page.html': '<p>',
      'src/pages/page.html': '<p>',
      'src/old.cjs': head + code,
      'src/orders.ts': "import old from './old.cjs'\nexport const handler = () => old.handler()",
    }
    const { result } = await run(t, files, ['src/page.html', 'src/pages/page.html'])
    assert.equal(result, '<p>')
  })
}

for (const [what, self] of [
  ['its path', 'fileURLToPath(import.meta.url)'],
  ['its file name', 'import.meta.filename'],
  ['a URL of it', 'new URL(import.meta.url)'],
] as const) {
  test(`a module runs itself in a worker: by ${what}`, async (t) => {
    const { result, files } = await run(t, {
      'src/orders.ts': `
        import { fileURLToPath } from 'node:url'
        import { isMainThread, parentPort, Worker } from 'node:worker_threads'
        ${ASK}
        if (!isMainThread) parentPort!.postMessage([isMainThread, typeof fileURLToPath])
        export const handler = () => ask(new Worker(${self}))`,
    })
    assert.deepEqual(result, [false, 'function'])
    assert.deepEqual(files, ['worker-src-orders.mjs'])
  })
}

test('a module that is looked for beside another is run as a child', async (t) => {
  const { result } = await run(t, {
    'src/child.ts': "process.send!('a child', () => process.disconnect())",
    'src/orders.ts': `
      import { fork } from 'node:child_process'
      import { createRequire } from 'node:module'
      ${ASK}
      const require = createRequire(import.meta.url)
      export const handler = () => ask(fork(require.resolve('./child')))`,
  })
  assert.equal(result, 'a child')
})

const FONTS = {
  'node_modules/fonts/package.json': { name: 'fonts', version: '1.0.0' },
  'node_modules/fonts/index.js': 'exports.name = 1',
  'node_modules/fonts/a.ttf': 'a font',
}

for (const [what, code] of [
  ['require.resolve', "createRequire(import.meta.url).resolve('fonts/a.ttf')"],
  ['a require of its own', "load.resolve('fonts/a.ttf')"],
  ['its folder', "join(dirname(load.resolve('fonts/package.json')), 'a.ttf')"],
  ['import.meta.resolve', "fileURLToPath(import.meta.resolve('fonts/a.ttf'))"],
  [
    'a require of another folder',
    "typeof createRequire(process.cwd() + '/')('fonts') && join(dirname(load.resolve('fonts')), 'a.ttf')",
  ],
] as const) {
  test(`a package whose files the author’s code looks for is shipped: by ${what}`, async (t) => {
    const project = writeFiles(temporaryFolder(t), {
      'package.json': { type: 'module', dependencies: { fonts: '1.0.0' } },
      ...FONTS,
      'src/orders.ts': `
        import { createRequire } from 'node:module'
        import { dirname, join } from 'node:path'
        import { fileURLToPath } from 'node:url'
        import { readFileSync } from 'node:fs'
        const load = createRequire(import.meta.url)
        export const handler = () => [dirname, join, fileURLToPath, load] && readFileSync(${code}, 'utf8')`,
    })
    const { packages } = await bundleFunction(join(project, 'src/orders.ts'), {
      minify: true,
      externals: [],
      bundled: [],
    })
    assert.deepEqual(
      packages.packages.map(({ name, reason, files }) => [name, reason, files]),
      [['fonts', 'is looked for by its path', 'all']],
    )
  })
}

test('what an author imports for what it does is kept, whatever its package says', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': { type: 'module' },
    'node_modules/backend/package.json': { name: 'backend', version: '1.0.0', sideEffects: ['./browser.js'] },
    'node_modules/backend/index.js': "globalThis.backends = [...(globalThis.backends ?? []), 'cpu']",
    'src/orders.ts': "import 'backend'\nexport const handler = () => (globalThis as any).backends",
  })
  t.after(() => Reflect.deleteProperty(globalThis, 'backends'))
  const options = { minify: true, externals: [], bundled: [] }
  const bundle = await bundleFunction(join(project, 'src/orders.ts'), options)
  assert.deepEqual(bundle.warnings, [])
  const { exports } = await loadBundle(bundle, temporaryFolder(t))
  assert.deepEqual(await exports.handler(), ['cpu'])
})

test('what a require of its own loads by a name that is written out is bundled', async (t) => {
  const { result } = await run(t, {
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
