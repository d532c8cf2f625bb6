/** esbuild's options that a function's author chooses, and files that functions import. */

import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AuthorOptions, AuthorOptionsError } from '../../../src/compiler/bundle/author-options.ts'
import { BundleError } from '../../../src/compiler/bundle/bundle-failure.ts'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

type Files = Parameters<typeof writeFiles>[1]

/** Bundles the first of `files`, in a project of their own. */
async function bundle(
  t: TestContext,
  files: Files,
  esbuild: AuthorOptions | ((folder: string) => AuthorOptions) = {},
) {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, ...files })
  const [entry = ''] = Object.keys(files)
  return await bundleFunction(join(folder, entry), {
    minify: true,
    externals: [],
    bundled: [],
    esbuild: typeof esbuild === 'function' ? esbuild(folder) : esbuild,
  })
}

async function handle(...given: Parameters<typeof bundle>): Promise<unknown> {
  const { exports } = await loadBundle(await bundle(...given))
  return exports.handler()
}

test('options reach what is bundled: of an entry, of one that awaits, and of chunks', async (t) => {
  for (const [wait, load] of [
    ['', 'stage'],
    ['await 0', 'stage'],
    ['', `(await import('./later.ts')).stage`],
  ]) {
    const stage = await handle(
      t,
      {
        'orders.ts': `${wait}\nconst stage = process.env.STAGE\nexport const handler = async () => [${load}, GREETING, globalThis.footed]`,
        'later.ts': 'export const stage = process.env.STAGE',
      },
      {
        define: { 'process.env.STAGE': '"prod"' },
        banner: { js: '/* mine */ const GREETING = "hello";' },
        footer: { js: 'globalThis.footed = GREETING' },
      },
    )
    // A chunk's function returns before its footer, if its code does: this is the module's end.
    assert.deepEqual(stage, ['prod', 'hello', 'hello'])
  }
})

test('alias, inject, conditions, main fields, extensions, JSX and tsconfig are esbuild’s', async (t) => {
  const answer = await handle(
    t,
    {
      'orders.tsx': `
        import { a } from 'a'
        import { c } from 'c'
        import { m } from 'm'
        import { e } from './e'
        import { p } from '#paths/p'
        export const handler = () => [a, INJECTED, c, m, e, p, <b id="x" />]`,
      'other.ts': 'export const a = "alias"',
      'inject.ts': 'export const INJECTED = "inject"',
      'e.custom.ts': 'export const e = "extension"',
      'paths/p.ts': 'export const p = "paths"',
      'other.json': { compilerOptions: { paths: { '#paths/*': ['./paths/*'] } } },
      'node_modules/c/package.json': { exports: { special: './special.js', default: './index.js' } },
      'node_modules/c/special.js': 'export const c = "condition"',
      'node_modules/c/index.js': 'export const c = "default"',
      'node_modules/m/package.json': { main: './main.js', special: './special.js' },
      'node_modules/m/special.js': 'exports.m = "field"',
      'node_modules/m/main.js': 'exports.m = "main"',
      'node_modules/h/package.json': { exports: { './jsx-runtime': './jsx.js' } },
      'node_modules/h/jsx.js': 'export const jsx = (name, properties) => [name, properties]',
    },
    (folder) => ({
      alias: { a: join(folder, 'other.ts') },
      inject: [join(folder, 'inject.ts')],
      conditions: ['special'],
      mainFields: ['special', 'main'],
      resolveExtensions: ['.custom.ts', '.ts', '.js', '.json'],
      jsx: 'automatic',
      jsxImportSource: 'h',
      tsconfig: join(folder, 'other.json'),
    }),
  )
  assert.deepEqual(answer, [
    'alias',
    'inject',
    'condition',
    'field',
    'extension',
    'paths',
    ['b', { id: 'x' }],
  ])
})

test('plugins of the author are asked before lambdabin’s own, in the entry’s chunk and in others', async (t) => {
  const asked: string[] = []
  const bundled = await bundle(
    t,
    {
      'orders.ts': `import text from './a.sql'\nexport const handler = async () => [text, (await import('./later.ts')).text]`,
      'later.ts': `import text from './b.sql'\nexport { text }`,
      'a.sql': 'a',
      'b.sql': 'b',
    },
    {
      plugins: [
        {
          name: 'upper-case',
          setup(build) {
            build.onLoad({ filter: /\.sql$/ }, async ({ path }) => {
              asked.push(path.at(-5) as string)
              return { contents: `export default ${JSON.stringify(path.at(-5)?.toUpperCase())}` }
            })
          },
        },
      ],
    },
  )
  const { exports, evaluated } = await loadBundle(bundled)
  assert.deepEqual(await exports.handler(), ['A', 'B'])
  assert.deepEqual(evaluated, ['function', 'function-1'])
  assert.deepEqual([...new Set(asked)].sort(), ['a', 'b'])
})

test('a plugin may make modules that are no files, whatever their names end with', async (t) => {
  const answer = await handle(
    t,
    { 'orders.ts': `import { stage } from 'virtual:stage.ts'\nexport const handler = () => stage` },
    {
      plugins: [
        {
          name: 'virtual',
          setup(build) {
            build.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path, namespace: 'virtual' }))
            build.onLoad({ filter: /^/, namespace: 'virtual' }, () => ({
              contents: 'export const stage: string = "prod"',
              loader: 'ts',
            }))
          },
        },
      ],
    },
  )
  assert.equal(answer, 'prod')
})

test('minifying identifiers, keeping names, sources in the map and comments are the author’s choice', async (t) => {
  const files = {
    'orders.ts': `
      //! licence
      class OrderNotFound extends Error {}
      const long = (someLongName: number) => someLongName + 1
      export const handler = () => [new OrderNotFound().constructor.name, long.name]`,
  }
  const plain = await bundle(t, files)
  const shortened = await bundle(t, files, { minifyIdentifiers: true })
  assert.match(plain.entry.code.toString(), /someLongName/)
  assert.doesNotMatch(shortened.entry.code.toString(), /someLongName/)
  assert.doesNotMatch(plain.entry.code.toString(), /licence/)
  assert.match((await bundle(t, files, { legalComments: 'eof' })).entry.code.toString(), /licence/)
  assert.deepEqual(await handle(t, files, { minify: true, keepNames: true }), ['OrderNotFound', 'long'])
  const { entry } = await bundle(t, files, { sourcesContent: true })
  assert.match(JSON.parse(entry.sourceMap.toString()).sourcesContent[0], /class OrderNotFound/)
})

test('a banner does not move what the source map says of a line', async (t) => {
  for (const wait of ['', 'await 0\n']) {
    const { entry } = await bundle(
      t,
      { 'orders.ts': `${wait}export const handler = () => {\n  throw new Error('here')\n}\n` },
      { banner: { js: '// one\n// two' }, minifyWhitespace: false },
    )
    const line = entry.code
      .toString()
      .split('\n')
      .findIndex((text) => text.includes('throw new Error'))
    const origin = new SourceMap(JSON.parse(entry.sourceMap.toString())).findEntry(line, 4)
    assert.equal('originalLine' in origin && origin.originalLine, wait === '' ? 1 : 2)
  }
})

for (const [option, code, statement] of [
  [
    'banner',
    `import { createRequire } from 'module'; const require = createRequire(import.meta.url);`,
    'import',
  ],
  ['footer', 'export const x = 1', 'export'],
] as const) {
  test(`a ${option} with an ${statement} statement is refused with the reason`, async (t) => {
    await assert.rejects(
      bundle(t, { 'orders.ts': 'export const handler = () => 1' }, { [option]: { js: code } }),
      (error) =>
        error instanceof AuthorOptionsError &&
        error.message.includes(
          `option ${option} has an ${statement} statement, and a function is bundled as a script`,
        ),
    )
  })
}

// (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
const ADD_WASM = Buffer.from(
  '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b',
  'hex',
)
// (module (import "./env.js" "two" (func $two (result i32))) (func (export "default") (result i32) call $two))
const IMPORTING_WASM = Buffer.from(
  '0061736d010000000105016000017f021001082e2f656e762e6a730374776f0000030201000' +
    '70b010764656661756c7400010a0601040010000b',
  'hex',
)

test('WebAssembly imports modules, and its own default export is that', async (t) => {
  const answer = await handle(t, {
    'orders.ts': `import twice from './twice.wasm'\nexport const handler = () => twice()`,
    'twice.wasm': IMPORTING_WASM,
    'env.js': 'export const two = () => 2',
  })
  assert.equal(answer, 2)
})

test('files that are no code have loaders: text, bytes, YAML and WebAssembly', async (t) => {
  const answer = await handle(t, {
    'orders.ts': `
      import sql from './a.sql'
      import graphql from './a.graphql'
      import html from './a.html'
      import text from './a.txt'
      import markdown from './a.md'
      import table from './a.csv'
      import settings, { list } from './a.yaml'
      import yml from './b.yml'
      import image from './a.png'
      import font from './a.woff2'
      import bytes, { add } from './add.wasm'
      export const handler = () => [
        [sql, graphql, html, text, markdown, table], settings, list, yml,
        image instanceof Uint8Array, [...image], font.length, bytes.length, add(2, 3)]`,
    'a.sql': 'select 1;',
    'a.graphql': 'type A',
    'a.html': '<p>',
    'a.txt': 'text',
    'a.md': '# md',
    'a.csv': 'a,b',
    'a.yaml': 'base: &base { x: 1 }\nlist:\n  - <<: *base\n  - true\n',
    'b.yml': '- 2024-01-01\n- "é"\n',
    'a.png': Buffer.from([0x89, 0x50, 0x00, 0xff]),
    'a.woff2': Buffer.from('wOF2'),
    'add.wasm': ADD_WASM,
  })
  assert.deepEqual(answer, [
    ['select 1;', 'type A', '<p>', 'text', '# md', 'a,b'],
    { base: { x: 1 }, list: [{ x: 1 }, true] },
    [{ x: 1 }, true],
    ['2024-01-01', 'é'],
    true,
    [0x89, 0x50, 0x00, 0xff],
    4,
    ADD_WASM.length,
    5,
  ])
})

test('a file that is broken is told with its place', async (t) => {
  for (const [file, content, message] of [
    ['a.yaml', 'a: [1\nb: 2\n', /a\.yaml:2:/],
    ['a.wasm', 'no', /it is no WebAssembly module.*a\.wasm:/s],
  ] as const) {
    const files = {
      'orders.ts': `import x from './${file}'\nexport const handler = () => x`,
      [file]: content,
    }
    await assert.rejects(
      bundle(t, files),
      (error) => error instanceof BundleError && message.test(error.message),
    )
  }
})

test('the author’s loader counts more than the one that an ending has, and `file` ships the file', async (t) => {
  const files = {
    'orders.ts': `import sql from './a.sql'\nimport yaml from './a.yaml'\nimport svg from './a.svg'\nexport const handler = () => [sql.length, yaml, svg]`,
    'a.sql': 'select 1',
    'a.yaml': 'a: 1',
    'a.svg': '<svg/>',
  }
  const bundled = await bundle(t, files, { loader: { '.sql': 'binary', '.yaml': 'text', '.svg': 'file' } })
  const [svg] = bundled.files
  assert.match(svg?.path ?? '', /^a-\w+\.svg$/)
  assert.equal(Buffer.from(svg?.contents ?? []).toString(), '<svg/>')
  assert.deepEqual((await loadBundle(bundled)).exports.handler(), [8, 'a: 1', `./${svg?.path}`])
})
