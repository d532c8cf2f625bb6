/** Paths of an author's module that are computed, or its own, and what it looks for in packages. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { listShippedPackages } from '../../../../src/compiler/package/shipped-packages.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { loadBundle } from '../../../support/projects/loaded-bundle.ts'
import { ASK, runOwnModule } from '../../../support/projects/own-module-run.ts'

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
    const included = await runOwnModule(t, files, ['src/pages/a.html'])
    assert.equal(included.result, '<p>')
    const without = await runOwnModule(t, files)
    assert.equal(without.result, 'ENOENT')
    assert.match(
      String(without.missing[0]),
      /reads src\/pages, which is not in the package; .*--include src\/pages/,
    )
  })
}

/** Each reads `src/pages/a.html`, from `src/orders.ts`. */
const READS: Readonly<Record<string, string>> = {
  'a function of another name':
    "import { join as at } from 'node:path'; const read = (name: string) => readFileSync(at(import.meta.dirname, 'pages', name), 'utf8')",
  'a folder out of import.meta':
    "import path from 'node:path'; const { dirname } = import.meta; const read = (name: string) => readFileSync(path.join(dirname, 'pages', name), 'utf8')",
  'a URL in a variable':
    "const base = import.meta.url; const read = (_: string) => readFileSync(new URL('./pages/a.html', base), 'utf8')",
  'a path in a variable':
    "import { dirname, join } from 'node:path'; import { fileURLToPath } from 'node:url'; const file = fileURLToPath(import.meta.url); const read = (name: string) => readFileSync(join(dirname(file), 'pages', name), 'utf8')",
  'a URL that is looked for':
    "import { fileURLToPath } from 'node:url'; const read = (_: string) => readFileSync(fileURLToPath(import.meta.resolve('./pages/a.html')), 'utf8')",
  'the folder of the project':
    "import { join, resolve } from 'node:path'; const ROOT = resolve(import.meta.dirname, '..'); const read = (name: string) => readFileSync(join(ROOT, 'src/pages', name), 'utf8')",
  'a folder around its own':
    "import { join } from 'node:path'; const read = (name: string) => readFileSync(join(import.meta.dirname, '..', 'src', 'pages', name), 'utf8')",
  'a folder with a slash':
    "const pages = import.meta.dirname + '/pages/'; const read = (name: string) => readFileSync(pages + name, 'utf8')",
  'a folder with a slash, by join':
    "import { join } from 'node:path'; const pages = join(import.meta.dirname, 'pages/'); const read = (name: string) => readFileSync(pages + name, 'utf8')",
  'a folder with a slash, at once':
    "const read = (name: string) => readFileSync(import.meta.dirname + '/pages/' + name, 'utf8')",
  'a URL of a folder':
    "const pages = new URL('./pages/', import.meta.url); const read = (name: string) => readFileSync(new URL(name, pages), 'utf8')",
}

for (const [what, code] of Object.entries(READS)) {
  test(`a file is read where --include puts it: by ${what}`, async (t) => {
    const files = {
      'src/pages/a.html': '<p>',
      'src/orders.ts': `
        import { readFileSync } from 'node:fs'
        ${code}
        export const handler = () => { try { return read('a.html') } catch (error: any) { return error.message } }`,
    }
    const { result, missing } = await runOwnModule(t, files, ['src/pages/a.html'])
    assert.equal(result, '<p>')
    assert.deepEqual(
      missing.filter((note) => !note.includes('src/pages')),
      [],
    )
  })
}

test('the folder that a module is in is no file that it reads', async (t) => {
  const { missing } = await runOwnModule(t, {
    'src/orders.ts':
      "import { fileURLToPath } from 'node:url'\nconst here = fileURLToPath(new URL('.', import.meta.url))\nexport const handler = () => here",
  })
  assert.deepEqual(missing, [])
})

test('a pattern of paths begins at the module’s folder in the package', async (t) => {
  const { result } = await runOwnModule(t, {
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
    const { result } = await runOwnModule(t, files, ['src/page.html', 'src/pages/page.html'])
    assert.equal(result, '<p>')
  })
}

for (const [what, self] of [
  ['its path', 'fileURLToPath(import.meta.url)'],
  ['its file name', 'import.meta.filename'],
  ['a URL of it', 'new URL(import.meta.url)'],
] as const) {
  test(`a module runs itself in a worker: by ${what}`, async (t) => {
    const { result, files } = await runOwnModule(t, {
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
  const { result } = await runOwnModule(t, {
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

const OF_PACKAGE: readonly (readonly [what: string, code: string, isFile: boolean])[] = [
  ['require.resolve', "createRequire(import.meta.url).resolve('fonts/a.ttf')", true],
  ['a require of its own', "load.resolve('fonts/a.ttf')", true],
  ['import.meta.resolve', "fileURLToPath(import.meta.resolve('fonts/a.ttf'))", true],
  ['its folder', "join(dirname(load.resolve('fonts/package.json')), 'a.ttf')", false],
  [
    'a require of another folder',
    "typeof createRequire(process.cwd() + '/')('fonts') && join(dirname(load.resolve('fonts')), 'a.ttf')",
    false,
  ],
]

for (const [what, code, isFile] of OF_PACKAGE) {
  test(`what the author’s code looks for in a package is shipped: by ${what}`, async (t) => {
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
    const options = { minify: true, externals: [], bundled: [] }
    const { packages } = await bundleFunction(join(project, 'src/orders.ts'), options)
    const { files } = await listShippedPackages(packages.packages, 'x64')
    const own = isFile ? [] : ['node_modules/fonts/index.js']
    assert.deepEqual(files.map(({ path }) => path).sort(), [
      'node_modules/fonts/a.ttf',
      ...own,
      'node_modules/fonts/package.json',
    ])
    assert.equal(packages.packages[0]?.reason, 'is looked for by its path')
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
