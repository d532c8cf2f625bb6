/** Configurations in all the files that may hold one, and what is said of those that are wrong. */

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { configuredFunctions } from '../../src/configuration/configured-functions.ts'
import { loadConfiguration } from '../../src/configuration/load-configuration.ts'
import { UsageError } from '../../src/configuration/usage-error.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const CONTEXT = { command: 'build' }
const HANDLER = 'export const handler = async () => 1\n'

function project(t: TestContext, files: Record<string, string | object>): string {
  return writeFiles(realpathSync(temporaryFolder(t)), {
    'package.json': {},
    'src/orders/index.ts': HANDLER,
    'src/users/index.ts': HANDLER,
    'src/report.ts': HANDLER,
    'event.json': '{}',
    ...files,
  })
}

async function functionsIn(folder: string) {
  const configuration = await loadConfiguration(undefined, folder, CONTEXT)
  assert.ok(configuration)
  return configuredFunctions(configuration)
}

const EXPECTED = [
  ['orders', 'src/orders/index.ts', ['sharp']],
  ['users', 'src/users/index.ts', undefined],
] as const
const OBJECT = `{ functions: { users: 'src/users/index.ts', orders: { entry: 'src/orders/index.ts', external: ['sharp'] } } }`
const JSON_OBJECT = {
  functions: { users: 'src/users/index.ts', orders: { entry: 'src/orders/index.ts', external: ['sharp'] } },
}

for (const [what, files] of [
  [
    'lambdabin.config.ts',
    {
      'lambdabin.config.ts': `import { defineConfig } from 'lambdabin/config'\nexport default defineConfig(${OBJECT})`,
    },
  ],
  [
    'one of a CommonJS package',
    { 'package.json': { type: 'commonjs' }, 'lambdabin.config.ts': `export default ${OBJECT}` },
  ],
  [
    'one with enums, which no stripping of types takes',
    {
      'lambdabin.config.ts': `enum Name { Orders = 'orders' }\nexport default { functions: { users: 'src/users/index.ts', [Name.Orders]: { entry: 'src/orders/index.ts', external: ['sharp'] } } }`,
    },
  ],
  [
    'one of several files, imported in every way',
    {
      'lambdabin.config.mts': `import { a } from './config/a'\nimport { b } from './config/b.js'\nimport { c } from './config/c.ts'\nimport { d } from '@settings/d'\nexport default { functions: { users: a, orders: { entry: b, external: [c + d] } } }`,
      'config/a.ts': `export const a: string = 'src/users/index.ts'`,
      'config/b.ts': `export const b: string = 'src/orders/index.ts'`,
      'config/c.ts': `export const c = 'sh' as const`,
      'settings/d.ts': `export const d = 'arp'`,
      'tsconfig.json': { compilerOptions: { paths: { '@settings/*': ['./settings/*'] } } },
    },
  ],
  [
    'one that imports packages, ES modules and CommonJS',
    {
      'lambdabin.config.ts': `import { entry } from 'esm-package'\nimport common from 'cjs-package'\nexport default { functions: { users: 'src/users/index.ts', orders: { entry, external: [common.name] } } }`,
      'node_modules/esm-package/package.json': { type: 'module', exports: './index.js' },
      'node_modules/esm-package/index.js': `import { fileURLToPath } from 'node:url'\nexport const entry = fileURLToPath(import.meta.url).includes('node_modules') && 'src/orders/index.ts'`,
      'node_modules/cjs-package/package.json': {},
      'node_modules/cjs-package/index.js': `exports.name = 'sharp'`,
    },
  ],
  [
    'a function that is asked for it',
    {
      'lambdabin.config.ts': `export default async ({ command }: { command: string }) => ({ functions: { users: 'src/users/index.ts', orders: { entry: 'src/orders/index.ts', external: [command === 'build' ? 'sharp' : 'other'] } } })`,
    },
  ],
  [
    'one that asks where it is',
    {
      'lambdabin.config.ts': `import { here, there } from './config/here'\nexport default { functions: { users: 'src/users/index.ts', orders: { entry: \`\${import.meta.dirname}/src/orders/index.ts\`, external: [here === \`\${import.meta.dirname}/config\` && there.endsWith('/config/here.ts') ? 'sharp' : here] } } }`,
      'config/here.ts': `export const here = __dirname, there = import.meta.url`,
    },
  ],
  ['lambdabin.config.mjs', { 'lambdabin.config.mjs': `export default ${OBJECT}` }],
  [
    'lambdabin.config.js, an ES module',
    { 'package.json': { type: 'module' }, 'lambdabin.config.js': `export default ${OBJECT}` },
  ],
  [
    'lambdabin.config.js, CommonJS',
    {
      'lambdabin.config.js': `const path = require('node:path')\nrequire('cjs-package')\nmodule.exports = ${OBJECT}`,
      'node_modules/cjs-package/index.js': '',
    },
  ],
  [
    'lambdabin.config.cjs',
    { 'package.json': { type: 'module' }, 'lambdabin.config.cjs': `module.exports = ${OBJECT}` },
  ],
  ['lambdabin.config.json', { 'lambdabin.config.json': { $schema: './schema.json', ...JSON_OBJECT } }],
  ['the key lambdabin of package.json', { 'package.json': { lambdabin: JSON_OBJECT } }],
] as const) {
  test(`a configuration is read: ${what}`, async (t) => {
    const folder = project(t, files)
    const functions = await functionsIn(folder)
    assert.deepEqual(
      functions.map(({ name, entry, values }) => [name, entry, values.external]),
      EXPECTED.map(([name, entry, external]) => [name, join(folder, entry), external]),
    )
  })
}

test('a configuration holds for the folders below it, up to the root of the workspace, and paths in it start at it', async (t) => {
  const folder = project(t, {
    'package.json': { workspaces: ['apps/*'] },
    'lambdabin.config.json': { functions: 'src/*/index.ts', include: 'data', outDir: 'out' },
    'apps/api/package.json': {},
    'apps/api/src/deep/x.ts': '',
    'apps/own/package.json': { lambdabin: { functions: 'here.ts' } },
    'apps/own/here.ts': HANDLER,
  })
  const found = await loadConfiguration(undefined, join(folder, 'apps/api/src/deep'), CONTEXT)
  assert.equal(found?.file, join(folder, 'lambdabin.config.json'))
  assert.equal(found.build.outDir, join(folder, 'out'))
  assert.deepEqual(found.defaults.include, { paths: ['data'], root: folder })
  const own = await loadConfiguration(undefined, join(folder, 'apps/own'), CONTEXT)
  assert.equal(own?.file, join(folder, 'apps/own/package.json'))
})

test('without a workspace, no configuration is looked for above the package', async (t) => {
  const folder = project(t, { 'lambdabin.config.json': {}, 'inner/package.json': {}, 'inner/src/x.ts': '' })
  assert.equal(await loadConfiguration(undefined, join(folder, 'inner/src'), CONTEXT), undefined)
})

for (const [file, text, message] of [
  [
    'lambdabin.config.ts',
    `export default {\n  functions: {\n    orders: {\n      entry: 'src/orders/index.ts',\n      externl: ['sharp'],\n    },\n  },\n}`,
    'lambdabin.config.ts:5: functions.orders has no option externl; did you mean external?',
  ],
  [
    'lambdabin.config.ts',
    `import { defineConfig } from 'lambdabin/config'\nconst shared = {\n  arch: 'riscv',\n} as const\nexport default defineConfig(() => {\n  return { ...shared, functions: 'src/*/index.ts' } as never\n})`,
    'lambdabin.config.ts:3: arch expects x64 or arm64, the architectures of AWS Lambda, and got riscv',
  ],
  [
    'lambdabin.config.json',
    '{\n  "functions": {\n    "orders": {\n      "event": ["event.json", "gone.json"]\n    }\n  }\n}',
    'lambdabin.config.json:4: functions.orders.event expects a file with an event, and gone.json cannot be read; check the path',
  ],
  [
    'package.json',
    '{\n  "name": "x",\n  "lambdabin": {\n    "outdir": "x"\n  }\n}',
    'package.json:4: the configuration has no option outdir; did you mean outDir?',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  esbuild: {\n    format: "esm" } }',
    'lambdabin.config.mjs:3: esbuild’s option format cannot be set: the executable runs the bundle as a script on Node.js',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  define: {} }',
    'lambdabin.config.mjs:2: the configuration has no option define, which is one of esbuild’s; write esbuild: { define: … }',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  esbuild: {\n    defne: {} } }',
    'lambdabin.config.mjs:3: esbuild has no option defne; did you mean define?',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  esbuild: {\n    loader: { ".svg": "txt" } } }',
    /lambdabin\.config\.mjs:3: esbuild\.loader expects one of esbuild’s loaders .* for each ending, and got txt$/,
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  esbuild: {\n    plugins: [() => {}] } }',
    /lambdabin\.config\.mjs:3: esbuild\.plugins expects a list of esbuild’s plugins, .* and got a function$/,
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  minify: "no" }',
    'lambdabin.config.mjs:2: minify expects true or false, and got no',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  external: [5] }',
    'lambdabin.config.mjs:2: external expects names of packages, and got 5',
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  intl: "en,,ja" }',
    /lambdabin\.config\.mjs:2: intl expects locales, .* and got ""/,
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  functions: 5 }',
    /lambdabin\.config\.mjs:2: functions expects a pattern of entries, a list of some, or an object with functions by name, and got 5$/,
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  functions: { orders: {\n    name: "users" } } }',
    /lambdabin\.config\.mjs:3: functions\.orders has its name as a key/,
  ],
  [
    'lambdabin.config.mjs',
    'export default {\n  functions: { "src/*.ts": "x.ts" } }',
    /lambdabin\.config\.mjs:2: functions has the pattern src\/\*\.ts, which expects an object with options, and got x\.ts/,
  ],
  [
    'lambdabin.config.mjs',
    'export default [\n]',
    'lambdabin.config.mjs:1: a configuration expects an object with functions and options, and got []',
  ],
  [
    'lambdabin.config.mjs',
    'export const config = {}',
    'lambdabin.config.mjs has no default export, which a configuration is; write export default defineConfig({ … })',
  ],
  [
    'lambdabin.config.ts',
    'const stage = "x"\nexport default {\n  outDir: stage +\n}',
    /^lambdabin\.config\.ts:4:1: the configuration cannot be read: Unexpected "}"$/,
  ],
  [
    'lambdabin.config.ts',
    'import "./gone"\nexport default {}',
    /^lambdabin\.config\.ts:1:8: the configuration cannot be read: Could not resolve "\.\/gone"$/,
  ],
  [
    'lambdabin.config.ts',
    'interface Nothing {}\nfunction fail(): never {\n  throw new Error("no stage is set")\n}\nexport default fail()',
    'lambdabin.config.ts:3:9: the configuration cannot be evaluated: no stage is set',
  ],
  [
    'lambdabin.config.ts',
    'export default async () => { throw new Error("no stage is set") }',
    'lambdabin.config.ts: the configuration cannot be evaluated: no stage is set',
  ],
  [
    'lambdabin.config.json',
    '{\n  "functions": nope\n}',
    /^lambdabin\.config\.json:2:17: the configuration is not JSON/,
  ],
] as const) {
  test(`a wrong configuration is told with file and line: ${String(message).slice(0, 90)}`, async (t) => {
    const folder = project(t, { [file]: text })
    const before = process.cwd()
    process.chdir(folder)
    t.after(() => process.chdir(before))
    await assert.rejects(functionsIn(folder), (error: unknown) => {
      assert.ok(error instanceof UsageError, String(error))
      if (typeof message === 'string') {
        assert.equal(error.message, message)
      } else {
        assert.match(error.message, message)
      }
      assert.equal(error.message.includes('\n'), false, 'one sentence')
      return true
    })
  })
}

test('two configurations in one folder are refused', async (t) => {
  const folder = project(t, { 'lambdabin.config.json': {}, 'package.json': { lambdabin: {} } })
  await assert.rejects(loadConfiguration(undefined, folder, CONTEXT), {
    message: `${folder} has several configurations, lambdabin.config.json and package.json; keep one of them`,
  })
})
