/** What an author's module imports as the name of all of a package, and what of that is in the bundle. */
import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { AuthorOptions } from '../../../../src/compiler/bundle/author-options.ts'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { ExportedNamespaces } from '../../../../src/compiler/dependencies/namespaces/exported-namespaces.ts'
import { importNamespaces } from '../../../../src/compiler/dependencies/namespaces/namespace-imports.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { loadBundle } from '../../../support/projects/loaded-bundle.ts'

type Files = Parameters<typeof writeFiles>[1]

/** Two kinds of all of a module, one of them under another name, and what is beside them. */
const SCHEMA = {
  'node_modules/schema/package.json': { name: 'schema', type: 'module', sideEffects: false },
  'node_modules/schema/index.js':
    "import * as s from './all.js'\nexport * from './all.js'\nexport * as other from './other.js'\nexport { s, s as default }",
  'node_modules/schema/all.js':
    "export const text = () => 'a text'\nexport const unused = () => 'UNUSED'\nexport class Invalid extends Error {}",
  'node_modules/schema/other.js': "export const number = () => 'a number', idle = () => 'IDLE'",
}

async function bundled(t: TestContext, source: string, files: Files = SCHEMA, esbuild: AuthorOptions = {}) {
  const project = writeFiles(temporaryFolder(t), {
    'package.json': { type: 'module' },
    'src/orders.ts': source,
    ...files,
  })
  const options = { minify: true, externals: [], bundled: [], esbuild }
  const bundle = await bundleFunction(join(project, 'src/orders.ts'), options)
  return { bundle, code: bundle.entry.code.toString(), warnings: bundle.warnings.map(({ text }) => text) }
}

for (const from of ["{ z } from 'zod'", "z from 'zod'", "{ z } from 'zod/v4'", "z from 'zod/v4'"]) {
  test(`of zod, what the function does not use is left out: import ${from}`, async (t) => {
    const project = temporaryFolder(t)
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(resolve('node_modules/zod'), join(project, 'node_modules/zod'))
    writeFiles(project, {
      'package.json': { type: 'module' },
      'src/orders.ts': `import ${from}\nconst Order = z.object({ sku: z.string() })\nexport type Order = z.infer<typeof Order>\nexport const handler = (event: unknown) => Order.parse(event)`,
    })
    const bundle = await bundleFunction(join(project, 'src/orders.ts'), {
      minify: true,
      externals: [],
      bundled: [],
    })
    assert.deepEqual(bundle.warnings, [])
    assert.doesNotMatch(bundle.entry.code.toString(), /locales\/fr\.js|Entrée invalide|Entr\\xE9e invalide/)
    const { exports } = await loadBundle(bundle)
    assert.deepEqual(exports.handler({ sku: 'a', other: 1 }), { sku: 'a' })
    assert.throws(() => exports.handler({ sku: 1 }), { name: 'ZodError', message: /expected string/ })
  })
}

test('a name of its own, other names of the package and types beside it are the same', async (t) => {
  const { bundle, code, warnings } = await bundled(
    t,
    `import {
      s as schema,
      Invalid as Wrong, type text as Text,
    } from 'schema'
    import also, { other } from 'schema'
    import * as all from 'schema'
    export const handler = () => [schema.text(), also.text(), other.number(), new Wrong() instanceof all.Invalid]`,
  )
  assert.deepEqual(warnings, [])
  assert.doesNotMatch(code, /UNUSED|IDLE/)
  const { exports } = await loadBundle(bundle)
  assert.deepEqual(exports.handler(), ['a text', 'a text', 'a number', true])
})

test('where it is used as an object, it is the one object that it was', async (t) => {
  const { bundle } = await bundled(
    t,
    "import { s } from 'schema'\nimport * as all from 'schema'\nexport const handler = () => [s === all.s, s === all.default, Object.keys(s).sort()]",
  )
  const { exports } = await loadBundle(bundle)
  assert.deepEqual(exports.handler(), [true, true, ['Invalid', 'text', 'unused']])
})

test('a function that writes to it is built, and does what it did', async (t) => {
  const { bundle } = await bundled(
    t,
    "import { s } from 'schema'\nexport const handler = () => { (s as any).text = 1; return s.text() }",
  )
  const { exports } = await loadBundle(bundle)
  assert.equal(exports.handler(), 'a text')
})

for (const [what, change] of [
  ['may have effects', { 'node_modules/schema/package.json': { name: 'schema', type: 'module' } }],
  [
    'says that the module that leads to it has effects',
    { 'node_modules/schema/package.json': { name: 'schema', type: 'module', sideEffects: ['./index.js'] } },
  ],
] as const) {
  test(`a package that ${what} is evaluated as it is`, async (t) => {
    const index = `${SCHEMA['node_modules/schema/index.js']}\nglobalThis.schemaEffects = (globalThis.schemaEffects ?? 0) + 1`
    const { bundle, code } = await bundled(
      t,
      "import { s } from 'schema'\nexport const handler = () => s.text()",
      { ...SCHEMA, 'node_modules/schema/index.js': index, ...change },
    )
    assert.match(code, /UNUSED/)
    const { exports } = await loadBundle(bundle)
    assert.equal(exports.handler(), 'a text')
    assert.equal(Reflect.get(globalThis, 'schemaEffects'), 1)
    Reflect.deleteProperty(globalThis, 'schemaEffects')
  })
}

for (const effect of ['configure(messages)', "import './configure.js'"]) {
  test(`a module that hands on others, and does something itself, does it: ${effect}`, async (t) => {
    const { bundle } = await bundled(t, "import { s } from 'schema'\nexport const handler = () => s.text()", {
      'node_modules/schema/package.json': {
        name: 'schema',
        type: 'module',
        sideEffects: ['./configure.js'],
      },
      'node_modules/schema/index.js': "import * as s from './all.js'\nexport * from './all.js'\nexport { s }",
      'node_modules/schema/all.js': `'use strict';\nexport * from './text.js'\nimport { configure } from './text.js'\nimport messages from './messages.js'\n${effect}`,
      'node_modules/schema/configure.js':
        "import { configure } from './text.js'\nimport messages from './messages.js'\nconfigure(messages)",
      'node_modules/schema/messages.js': "export default { text: 'a message' }",
      'node_modules/schema/text.js':
        "let messages = {}\nexport const text = () => messages.text ?? 'invalid'\nexport const configure = (all) => void (messages = all)",
    })
    const { exports } = await loadBundle(bundle)
    assert.equal(exports.handler(), 'a message')
  })
}

test('a module that a plugin of the author’s makes is bundled as that says', async (t) => {
  const plugin = {
    name: 'author',
    setup: (build: import('esbuild').PluginBuild) => {
      build.onLoad({ filter: /orders\.ts$/ }, () => ({
        contents: "import { s } from 'schema'; export const handler = () => s.text() + ' of a plugin'",
      }))
    },
  }
  const { bundle } = await bundled(
    t,
    "import { s } from 'schema'\nexport const handler = () => s.text()",
    SCHEMA,
    { plugins: [plugin] },
  )
  const { exports } = await loadBundle(bundle)
  assert.equal(exports.handler(), 'a text of a plugin')
})

test('a module with metadata of its decorators has them all the same', async (t) => {
  const { bundle } = await bundled(
    t,
    `import { s } from 'schema'
    const types: unknown[] = []
    ;(Reflect as any).metadata = (key: string, value: any) => () => { if (key === 'design:type') types.push(value.name) }
    const column = (target: object, key: string) => {}
    class Order { @column when!: Date }
    export const handler = () => [s.text(), types, new Order() !== undefined]`,
    {
      ...SCHEMA,
      'tsconfig.json': { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } },
    },
  )
  const { exports } = await loadBundle(bundle)
  assert.deepEqual(exports.handler(), ['a text', ['Date'], true])
  Reflect.deleteProperty(Reflect, 'metadata')
})

/** The text of `src/orders.ts`, whose imports of `schema` lead to its index. */
async function written(t: TestContext, text: string): Promise<string | undefined> {
  const project = writeFiles(temporaryFolder(t), { 'src/orders.ts': text, ...SCHEMA })
  const statement = (path: string, original: string) => ({
    kind: 'import-statement' as const,
    path,
    original,
  })
  const index = 'node_modules/schema/index.js'
  const module = (...imports: ReturnType<typeof statement>[]) => ({
    bytes: 1,
    format: 'esm' as const,
    imports,
  })
  const imported = await importNamespaces({
    file: join(project, 'src/orders.ts'),
    project,
    namespaces: new ExportedNamespaces(project),
    inputs: {
      'src/orders.ts': module(statement(index, 'schema')),
      [index]: module(
        statement('node_modules/schema/all.js', './all.js'),
        statement('node_modules/schema/other.js', './other.js'),
      ),
      'node_modules/schema/all.js': module(),
      'node_modules/schema/other.js': module(),
    },
  })
  return imported?.text
}

test('each line of a module stays where it is', async (t) => {
  const text = "// One\nimport {\n  s,\n  Invalid,\n} from 'schema'\nthrow new Invalid(s.text())\n"
  assert.equal(
    await written(t, text),
    '// One\nimport * as s from "../node_modules/schema/all.js"; import { Invalid } from "schema";\n\n\n\nthrow new Invalid(s.text())\n',
  )
})

for (const [what, text] of [
  [
    'what only looks like an import',
    'const text = `\nimport { s } from "schema"\n`\nimport { text as own } from "schema"',
  ],
  ['an import with code behind it on its line', "import { s } from 'schema'; s.text()"],
  ['an import of a type', "import type { s } from 'schema'"],
  ['an import of another name', "import { Invalid } from 'schema'"],
  ['code that cannot be read', "import { s } from 'schema'\nconst = 1"],
] as const) {
  test(`${what} stays as it is`, async (t) => {
    assert.equal(await written(t, text), undefined)
  })
}
