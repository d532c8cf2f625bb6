/** Packages that cannot live in one text, by kinds: each is bundled, laid out and run from an empty folder. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction, type FunctionBundle } from '../../../src/compiler/bundle/bundle-function.ts'
import { describePlan } from '../../../src/compiler/dependencies/plan-notes.ts'
import { listShippedPackages, type ShippedPackages } from '../../../src/compiler/package/shipped-packages.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

type Files = Parameters<typeof writeFiles>[1]

interface Run {
  readonly bundle: FunctionBundle
  readonly shipped: ShippedPackages
  readonly taskRoot: string
  /** What the handler returns, in a task root with what is shipped. */
  readonly result: unknown
}

/** Bundles `orders.js` of a project, and calls its handler. */
async function run(
  t: TestContext,
  files: Files,
  choice: { externals?: string[]; bundled?: string[]; bundlesInstrumented?: boolean } = {},
): Promise<Run> {
  return runProject(
    t,
    writeFiles(temporaryFolder(t), { 'package.json': { dependencies: {} }, ...files }),
    choice,
  )
}

async function runProject(t: TestContext, project: string, choice = {}): Promise<Run> {
  const options = { minify: true, externals: [], bundled: [], ...choice }
  const bundle = await bundleFunction(join(project, 'orders.js'), options)
  const shipped = await listShippedPackages(bundle.packages.packages, 'x64')
  const taskRoot = temporaryFolder(t)
  for (const { path, source } of shipped.files) {
    mkdirSync(dirname(join(taskRoot, path)), { recursive: true })
    copyFileSync(source, join(taskRoot, path))
  }
  // As on Lambda.
  const before = process.cwd()
  process.chdir(taskRoot)
  try {
    const { exports } = await loadBundle(bundle, taskRoot)
    return { bundle, shipped, taskRoot, result: await exports.handler() }
  } finally {
    process.chdir(before)
  }
}

function pathsOf({ shipped }: Run): string[] {
  return shipped.files.map(({ path }) => path).sort()
}

const HANDLER = 'export const handler = () => go()'

test('a package that reads files beside its modules stays in the bundle, and those files are shipped', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'node_modules/reader/package.json': { name: 'reader' },
    'node_modules/reader/lib/index.js':
      "exports.go = () => require('fs').readFileSync(require('path').join(__dirname, '../data/a.txt'), 'utf8')",
    'node_modules/reader/index.js': "module.exports = require('./lib/index.js')",
    'node_modules/reader/data/a.txt': 'a text',
    'node_modules/reader/README.txt': 'unused',
  })
  assert.equal(done.result, 'a text')
  assert.deepEqual(pathsOf(done), ['node_modules/reader/data/a.txt', 'node_modules/reader/package.json'])
  assert.equal(done.shipped.packages[0]?.isBundled, true)
})

test('so does an ES module that reads by import.meta.url, and requires by createRequire', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'package.json': { type: 'module' },
    'node_modules/reader/package.json': { name: 'reader', type: 'module', exports: './index.js' },
    'node_modules/reader/index.js': `
      import { readFileSync } from 'node:fs'
      import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url)
      const { b } = require('./b.json')
      export const go = () => readFileSync(new URL('./a.txt', import.meta.url), 'utf8') + b + require('./c.cjs')`,
    'node_modules/reader/a.txt': 'a',
    'node_modules/reader/b.json': { b: 'b' },
    'node_modules/reader/c.cjs': 'module.exports = "c"',
  })
  assert.equal(done.result, 'abc')
})

for (const [what, base] of [
  ['its URL', 'const base = import.meta.url'],
  ['one of two', 'const base = globalThis.base ?? import.meta.url'],
]) {
  test(`what is read by a URL is shipped where the base is ${what}, kept in a variable`, async (t) => {
    const done = await run(t, {
      'orders.js': `import { go } from 'reader'\n${HANDLER}`,
      'node_modules/reader/package.json': { name: 'reader', type: 'module', exports: './lib/index.js' },
      'node_modules/reader/lib/index.js': `
        import { readFileSync } from 'node:fs'
        ${base}
        const url = new URL('./parser/parser.wasm', base)
        export const go = () => readFileSync(url, 'utf8')`,
      'node_modules/reader/lib/parser/parser.wasm': 'wasm',
      'node_modules/reader/src/parser.wasm': 'unused',
    })
    assert.equal(done.result, 'wasm')
    assert.deepEqual(pathsOf(done), [
      'node_modules/reader/lib/parser/parser.wasm',
      'node_modules/reader/package.json',
    ])
  })
}

for (const [what, more] of [
  [
    'that reads a file beside it',
    "export const text = readFileSync(new URL('../data.txt', import.meta.url), 'utf8')",
  ],
  ['that asks for no place', ''],
] as const) {
  test(`an ES module ${what} finds its own by a name that is kept in a variable`, async (t) => {
    const done = await run(t, {
      'orders.js': `import { go } from 'reader'\n${HANDLER}`,
      'node_modules/reader/package.json': { name: 'reader', type: 'module', exports: './build/index.js' },
      'node_modules/reader/data.txt': 'text',
      'node_modules/reader/build/index.js': `
        import { readFileSync } from 'node:fs'
        export { four } from './four.js'
        ${more}
        let parser
        export const go = async () => {
          parser ||= './parser.mjs'
          return [(await import(parser)).parse('7'), (await import(['node:', 'path'].join(''))).sep]
        }`,
      'node_modules/reader/build/four.js': 'export const four = 4',
      'node_modules/reader/build/parser.mjs':
        "import { ten } from './ten.mjs'\nexport const parse = (text) => parseInt(text, ten)",
      'node_modules/reader/build/ten.mjs': 'export const ten = 10',
    })
    assert.deepEqual(done.result, [7, '/'])
    assert.deepEqual(
      done.bundle.packages.packages.map(({ isExternal }) => isExternal),
      [false],
    )
    assert.ok(!pathsOf(done).includes('node_modules/reader/build/four.js'))
  })
}

test('what pnpm keeps behind links is shipped once, and only the files that are needed', async (t) => {
  const store = 'node_modules/.pnpm/threads@1/node_modules'
  const project = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.js': `import { go } from 'threads'\n${HANDLER}`,
    [`${store}/threads/package.json`]: { name: 'threads', dependencies: { '@s/red': '*', fast: '*' } },
    [`${store}/threads/index.js`]: `
      const { Worker } = require('worker_threads')
      exports.go = () => new Promise((resolve) => new Worker(require('path').join(__dirname, 'work.js')).on('message', resolve))`,
    [`${store}/threads/work.js`]:
      "require('worker_threads').parentPort.postMessage(require('@s/red') + require('fast'))",
    'node_modules/.pnpm/@s+red@1/node_modules/@s/red/package.json': { name: '@s/red' },
    'node_modules/.pnpm/@s+red@1/node_modules/@s/red/index.js': "module.exports = 'red'",
    'node_modules/.pnpm/@s+red@1/node_modules/@s/red/unused.js': '',
    'node_modules/.pnpm/fast@1/node_modules/fast/package.json': { name: 'fast' },
    'node_modules/.pnpm/fast@1/node_modules/fast/index.js': "module.exports = ' and fast'",
  })
  mkdirSync(join(project, store, '@s'))
  symlinkSync('.pnpm/threads@1/node_modules/threads', join(project, 'node_modules/threads'))
  symlinkSync('../../../@s+red@1/node_modules/@s/red', join(project, store, '@s/red'))
  symlinkSync('../../fast@1/node_modules/fast', join(project, store, 'fast'))
  const done = await runProject(t, project)
  assert.equal(done.result, 'red and fast')
  assert.deepEqual(pathsOf(done), [
    'node_modules/@s/red/index.js',
    'node_modules/@s/red/package.json',
    'node_modules/fast/index.js',
    'node_modules/fast/package.json',
    'node_modules/threads/package.json',
    'node_modules/threads/work.js',
  ])
})

test('what a worker’s packages read beside their modules is shipped with them', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'threads'\n${HANDLER}`,
    'node_modules/threads/package.json': { name: 'threads', dependencies: { core: '*' } },
    'node_modules/threads/index.js': `
      const { Worker } = require('worker_threads')
      exports.go = () => new Promise((resolve) => new Worker(require('path').join(__dirname, 'work.js')).on('message', resolve))`,
    'node_modules/threads/work.js': "require('worker_threads').parentPort.postMessage(require('core'))",
    'node_modules/core/package.json': { name: 'core' },
    // As Emscripten writes it.
    'node_modules/core/index.js': `
      var folder = ''; var locate = (name) => folder + name
      folder = __dirname + '/'
      module.exports = require('fs').readFileSync(locate('core.wasm'), 'utf8')`,
    'node_modules/core/core.wasm': 'wasm',
    'node_modules/core/other.wasm': 'unused',
  })
  assert.equal(done.result, 'wasm')
  assert.ok(pathsOf(done).includes('node_modules/core/core.wasm'))
  assert.ok(!pathsOf(done).includes('node_modules/core/other.wasm'))
})

test('a package whose own modules are loaded by computed names is shipped, if the author means one of them', async (t) => {
  const files = {
    'node_modules/when/package.json': { name: 'when' },
    'node_modules/when/index.js':
      'const load = require; exports.language = "en"; exports.go = (name) => { try { load("./locale/" + name) } catch {} return exports.language }',
    'node_modules/when/locale/de.js': 'require("../index.js").language = "de"',
  }
  const meant = await run(t, {
    ...files,
    'orders.js': "import { go } from 'when'\nexport const handler = () => go('de')",
  })
  assert.equal(meant.result, 'de')
  assert.equal(meant.shipped.packages[0]?.reason, 'loads its own modules by computed names')
  const plain = await run(t, {
    ...files,
    'orders.js': "import { language } from 'when'\nexport const handler = () => language",
  })
  assert.equal(plain.result, 'en')
  assert.deepEqual(pathsOf(plain), [])
  assert.match(describePlan(plain.bundle.packages).join(), /when loads locale\/\* by names .*--external when/)
})

for (const [what, code] of [
  // As in loopback-datasource-juggler.
  [
    'a list for a loader that is require if none is given',
    "const each = (names, load) => { load = load || require; names.forEach((name) => load(name)) }; const names = []; names.push('./kinds/kind-' + name); each(names)",
  ],
  // As in prismjs.
  ['a variable', "const path = './kinds/kind-' + name; require.resolve(path); require(path)"],
  // As in log4js.
  ['a template that is handed on', `const load = (path) => require(path); load(\`./kinds/kind-\${name}\`)`],
] as const) {
  test(`so it is where the name is in ${what}, but for modules that are there anyway`, async (t) => {
    const files = {
      'node_modules/when/package.json': { name: 'when' },
      'node_modules/when/index.js': `const core = require("./kinds/kind-core"); exports.kinds = [core]; exports.go = (name) => { if (name !== "core") { ${code} } return exports.kinds }`,
      'node_modules/when/kinds/kind-core.js': 'module.exports = "core"',
      'node_modules/when/kinds/kind-fast.js': 'require("../index.js").kinds.push("fast")',
    }
    const handler = (kind: string) => `import { go } from 'when'\nexport const handler = () => go('${kind}')`
    const meant = await run(t, { ...files, 'orders.js': handler('fast') })
    assert.deepEqual(meant.result, ['core', 'fast'])
    assert.equal(meant.shipped.packages[0]?.reason, 'loads its own modules by computed names')
    const plain = await run(t, { ...files, 'orders.js': handler('core') })
    assert.deepEqual(plain.result, ['core'])
    assert.deepEqual(pathsOf(plain), [])
    assert.match(describePlan(plain.bundle.packages).join(), /when loads kinds\/kind-\* by names/)
  })
}

test('a package that looks for modules of its own in its folder is shipped', async (t) => {
  const done = await run(t, {
    'orders.js': "import { names } from 'metrics'\nexport const handler = () => names",
    'node_modules/metrics/package.json': { name: 'metrics' },
    // As in @instana/core.
    'node_modules/metrics/index.js': `
      const { readdirSync } = require('fs'), { join } = require('path')
      const find = (folder) => readdirSync(folder).filter((name) => /^m-.*js$/.test(name)).map((name) => require(join(folder, name)))
      exports.names = find(__dirname)`,
    'node_modules/metrics/m-one.js': 'module.exports = 1',
    'node_modules/metrics/m-two.js': 'module.exports = 2',
  })
  assert.deepEqual(done.result, [1, 2])
  assert.equal(done.shipped.packages[0]?.reason, 'loads its own modules by computed names')
})

test('a package that is loaded by a name of the project’s own is shipped, with one instance for all', async (t) => {
  const done = await run(t, {
    'package.json': { dependencies: { orm: '*', driver: '*', other: '*' } },
    'orders.js': `
      import { connect } from 'orm'
      import * as driver from 'driver'
      export const handler = () => connect() === driver.Client`,
    'node_modules/orm/package.json': { name: 'orm' },
    'node_modules/orm/index.js':
      'const load = (name) => require(name); exports.connect = () => load("driver").Client',
    'node_modules/driver/package.json': { name: 'driver' },
    'node_modules/driver/index.js': 'exports.Client = class {}',
    'node_modules/other/package.json': { name: 'other' },
    'node_modules/other/index.js': '',
  })
  assert.equal(done.result, true)
  assert.deepEqual(pathsOf(done), ['node_modules/driver/index.js', 'node_modules/driver/package.json'])
})

for (const [what, code] of [
  // As in cspell-lib.
  ['names a file of', "const file = 'words/en.json'; exports.go = () => require(require.resolve(file))"],
  ['loads by its name', 'const load = (name) => require(name); exports.go = () => load("words")'],
] as const) {
  test(`a package that another one needs, and ${what}, is shipped without the project’s choosing`, async (t) => {
    const done = await run(t, {
      'orders.js': `import { go } from 'speller'\n${HANDLER}`,
      'node_modules/speller/package.json': { name: 'speller', dependencies: { words: '*', other: '*' } },
      'node_modules/speller/index.js': `exports.kinds = ['other', 'other/none.js']; ${code}`,
      'node_modules/words/package.json': { name: 'words', main: 'en.json' },
      'node_modules/words/en.json': '["one"]',
      'node_modules/other/package.json': { name: 'other' },
      'node_modules/other/index.js': '',
    })
    assert.deepEqual(done.result, ['one'])
    assert.deepEqual(pathsOf(done), ['node_modules/words/en.json', 'node_modules/words/package.json'])
  })
}

test('modules that a package requires by a beginning in a variable are shipped, with what they need', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'soap'\n${HANDLER}`,
    'node_modules/soap/package.json': { name: 'soap', dependencies: { xml: '*' } },
    // As in strong-soap.
    'node_modules/soap/index.js': `
      var base = './lib/'
      if (process.version) base = './src/'
      exports.go = () => require(base + 'client')`,
    'node_modules/soap/src/client.js': "module.exports = require('xml')",
    'node_modules/soap/README.md': 'unused',
    'node_modules/xml/package.json': { name: 'xml' },
    'node_modules/xml/index.js': "module.exports = 'xml'",
  })
  assert.equal(done.result, 'xml')
  assert.deepEqual(
    pathsOf(done).filter((path) => path.endsWith('.js')),
    ['node_modules/soap/src/client.js', 'node_modules/xml/index.js'],
  )
})

for (const [what, code] of [
  ['with another in its place, if there is one', "require(chosen + '/connection')"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code.
  ['in a template', 'require(`${chosen}/connection`)'],
] as const) {
  test(`a package is shipped that requires by a beginning in a variable, ${what}, what needs its other modules`, async (t) => {
    const done = await run(t, {
      'orders.js': `import { go } from 'store'\n${HANDLER}`,
      'node_modules/store/package.json': { name: 'store', main: 'lib/index.js' },
      // As in mongoose before its version 6.
      'node_modules/store/lib/index.js': `
        var Base = require('./base')
        var chosen = global.STORE_DRIVER || './drivers/native'
        exports.go = () => new (${code})() instanceof Base`,
      'node_modules/store/lib/base.js': 'module.exports = class Base {}',
      'node_modules/store/lib/drivers/native/connection.js': `
        module.exports = class Connection extends require('../../base') {}`,
    })
    assert.equal(done.result, true)
    assert.equal(pathsOf(done).filter((path) => path.endsWith('base.js')).length, 1)
  })
}

for (const strict of [true, false]) {
  test(`a package that counts on not being in strict mode is shipped where the bundle is (${strict})`, async (t) => {
    const done = await run(t, {
      'tsconfig.json': { compilerOptions: { strict } },
      'orders.js': `import { go } from 'whois'\n${HANDLER}`,
      'node_modules/whois/package.json': { name: 'whois' },
      // As in whois-json, which has a comma too few.
      'node_modules/whois/index.js':
        "var found = 'found'\n\tlookup = () => found\nexports.go = () => lookup()",
    })
    assert.equal(done.result, 'found')
    assert.deepEqual(
      done.shipped.packages.map(({ reason }) => reason),
      strict ? ['is not written for strict mode'] : [],
    )
  })
}

test('but for a snapshot, which holds one script', async (t) => {
  const files = {
    'tsconfig.json': { compilerOptions: { strict: true } },
    'orders.js': `import { go } from 'passport'\n${HANDLER}`,
    'node_modules/passport/package.json': { name: 'passport' },
    'node_modules/passport/index.js':
      'exports.go = (fails) => fails ? (function () { return arguments.callee })() : 1',
  }
  assert.deepEqual(pathsOf(await run(t, files, { bundlesInstrumented: true })), [])
  assert.equal(pathsOf(await run(t, files)).length, 2)
})

test('what a shipped package needs is shipped with it, and is the bundle’s, too', async (t) => {
  const done = await run(
    t,
    {
      'orders.js':
        "import { make } from 'outer'\nimport { Order } from 'model'\nexport const handler = () => make() instanceof Order",
      'node_modules/outer/package.json': { name: 'outer', dependencies: { model: '*' } },
      'node_modules/outer/index.js': 'exports.make = () => new (require("model").Order)()',
      'node_modules/model/package.json': { name: 'model' },
      'node_modules/model/index.js': 'exports.Order = class Order {}',
    },
    { externals: ['outer'] },
  )
  assert.equal(done.result, true)
})

test('an ES module that is shipped has its own default export, and the file that import leads to', async (t) => {
  const done = await run(
    t,
    {
      'package.json': { type: 'module' },
      'orders.js': "import go, { kind } from 'both'\nexport const handler = () => [go(), kind]",
      'node_modules/both/package.json': {
        name: 'both',
        exports: { import: './index.mjs', require: './index.cjs' },
      },
      'node_modules/both/index.mjs': 'export default () => "default"; export const kind = "module"',
      'node_modules/both/index.cjs': 'exports.kind = "script"',
    },
    { externals: ['both'] },
  )
  assert.deepEqual(done.result, ['default', 'module'])
})

for (const [what, files] of [
  [
    'an addon in the package',
    {
      'index.js': 'exports.go = () => { try { require("./a.node") } catch { return "tried" } }',
      'a.node': 'x',
    },
  ],
  [
    'what finds one',
    { 'index.js': 'exports.go = () => { try { require("bindings")("a") } catch { return "tried" } }' },
  ],
] as const) {
  test(`a package with native addons is shipped: ${what}`, async (t) => {
    const own = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [`node_modules/native/${name}`, text]),
    )
    const done = await run(t, {
      'orders.js': `import { go } from 'native'\n${HANDLER}`,
      'node_modules/native/package.json': { name: 'native' },
      ...own,
    })
    assert.equal(done.result, 'tried')
    assert.equal(done.shipped.packages[0]?.reason, 'has native addons')
  })
}

test('of the packages for each platform, only that for the target is shipped; where it is missing, the build says so', async (t) => {
  const platform = (name: string, cpu: string, libc = 'glibc') => ({
    [`node_modules/${name}/package.json`]: { name, os: ['linux'], cpu: [cpu], libc: [libc] },
    [`node_modules/${name}/index.js`]: `exports.name = "${name}"`,
  })
  const files = {
    'orders.js': `import { go } from 'native'\n${HANDLER}`,
    'node_modules/native/package.json': {
      name: 'native',
      optionalDependencies: {
        'native-linux-x64': '*',
        'native-linux-arm64': '*',
        'native-linuxmusl-x64': '*',
      },
    },
    'node_modules/native/index.js': 'exports.go = () => require("native-linux-x64").name',
  }
  const done = await run(t, {
    ...files,
    ...platform('native-linux-x64', 'x64'),
    ...platform('native-linux-arm64', 'arm64'),
    ...platform('native-linuxmusl-x64', 'x64', 'musl'),
  })
  assert.equal(done.result, 'native-linux-x64')
  assert.ok(pathsOf(done).every((path) => !/arm64|musl/.test(path)))
  assert.deepEqual(done.shipped.withoutAddon, [])
  const { packages } = done.bundle
  assert.deepEqual((await listShippedPackages(packages.packages, 'arm64')).withoutAddon, [])
  const foreign = await bundleFunction(
    join(
      writeFiles(temporaryFolder(t), {
        'package.json': {},
        ...files,
        ...platform('native-linux-x64', 'x64'),
      }),
      'orders.js',
    ),
    { minify: true, externals: [], bundled: [] },
  )
  assert.deepEqual((await listShippedPackages(foreign.packages.packages, 'arm64')).withoutAddon, ['native'])
})

for (const [what, code, isShipped] of [
  ['none of its modules loads, as sst', "exports.go = () => process.platform + ' native'", false],
  ['a name made of the architecture leads to', "exports.go = () => load('-' + process.arch)", true],
  ['its own manifest names', 'exports.go = () => load(Object.keys(own.optionalDependencies)[0])', true],
  [
    'a helper loads',
    "exports.go = () => require('@node-rs/helper').loadBinding(__dirname, 'native', 'native')",
    true,
  ],
] as const) {
  test(`a package with another for each platform that ${what} is ${isShipped ? 'shipped with it' : 'bundled'}`, async (t) => {
    const done = await run(t, {
      'orders.js': `import { go } from 'native'\nexport const handler = () => typeof go`,
      'node_modules/native/package.json': {
        name: 'native',
        bin: 'bin.js',
        optionalDependencies: { 'native-linux-x64': '*' },
      },
      'node_modules/native/index.js': code,
      'node_modules/native/bin.js': "require('native-linux-x64')",
      'node_modules/native-linux-x64/package.json': { name: 'native-linux-x64' },
      'node_modules/native-linux-x64/index.js': '',
      'node_modules/@node-rs/helper/package.json': { name: '@node-rs/helper' },
      'node_modules/@node-rs/helper/index.js': '',
    })
    assert.equal(done.result, 'function')
    assert.deepEqual(
      done.shipped.packages.map(({ name }) => name).filter((name) => name.startsWith('native')),
      isShipped ? ['native', 'native-linux-x64'] : [],
    )
  })
}

test('what a package imports and is not installed fails when it is reached, and is named in one note', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'many'\n${HANDLER}`,
    'node_modules/many/package.json': { name: 'many' },
    'node_modules/many/index.js': `
      const drivers = { a: () => require('gone-a'), b: () => require('@gone/b/c'), d: () => require('./gone-d'), e: () => require('./gone-e.js') }
      exports.go = () => Object.values(drivers).map((load) => { try { load() } catch (error) { return [error.code, error.message.split('\\n')[0]] } })`,
  })
  assert.deepEqual(done.result, [
    ['MODULE_NOT_FOUND', "Cannot find module 'gone-a'"],
    ['MODULE_NOT_FOUND', "Cannot find module '@gone/b/c'"],
    ['MODULE_NOT_FOUND', "Cannot find module './gone-d'"],
    ['MODULE_NOT_FOUND', "Cannot find module './gone-e.js'"],
  ])
  const notes = describePlan(done.bundle.packages)
  assert.equal(notes.length, 1)
  assert.match(String(notes[0]), /gone-a \(for many\), @gone\/b\/c \(for many\), \.\/gone-d \(for many\)/)
})

test('a package of the AWS SDK’s names that is not there is like any other', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'uses'\n${HANDLER}`,
    'node_modules/uses/package.json': { name: 'uses' },
    'node_modules/uses/index.js':
      "let sdk; try { sdk = require('@aws-sdk/gone') } catch {} exports.go = () => typeof sdk",
  })
  assert.equal(done.result, 'undefined')
})

test('a package that cannot be bundled is shipped with what is wrong, and --bundle insists', async (t) => {
  const files = {
    'orders.js': `import { go } from 'odd'\n${HANDLER}`,
    'node_modules/odd/package.json': { name: 'odd' },
    'node_modules/odd/index.js':
      'exports.go = () => { try { return require("./style.xyz") } catch { return "no style" } }',
    'node_modules/odd/style.xyz': '#',
  }
  const done = await run(t, files)
  assert.equal(done.result, 'no style')
  assert.match(
    String(done.shipped.packages[0]?.reason),
    /cannot be bundled \(No loader is configured for "\.xyz"/,
  )
  await assert.rejects(run(t, files, { bundled: ['odd'] }), /No loader is configured/)
})

test('a shipped ES module that awaits at its top level is waited for', async (t) => {
  const done = await run(
    t,
    {
      'package.json': { type: 'module' },
      'orders.js': `import value, { later } from 'slow'\nexport const handler = () => [value, later]`,
      'node_modules/slow/package.json': { name: 'slow', type: 'module', exports: './index.js' },
      'node_modules/slow/index.js':
        "export default await Promise.resolve(1)\nexport { later } from './later.js'",
      'node_modules/slow/later.js': 'export const later = await 2',
    },
    { externals: ['slow'] },
  )
  assert.deepEqual(done.result, [1, 2])
})

test('a package that hands on its require in an object stays in the bundle', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'sandbox'\n${HANDLER}`,
    'node_modules/sandbox/package.json': { name: 'sandbox' },
    'node_modules/sandbox/index.js':
      "const sandbox = { require, module: {} }; exports.go = () => typeof sandbox.require('node:os').EOL",
  })
  assert.equal(done.result, 'string')
  assert.deepEqual(done.shipped.packages, [])
})

test('a package that puts a function of its own in the place of require is shipped, with what that loads', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'lazy'\n${HANDLER}`,
    'node_modules/lazy/package.json': { name: 'lazy', dependencies: { kinds: '1' } },
    'node_modules/lazy/index.js': `
      const utils = ((load) => (name) => { Object.defineProperty(utils, name, { get: () => load(name) }) })(require)
      const own = require
      require = utils
      require('kinds')
      require = own
      exports.go = () => utils.kinds.of(1)`,
    'node_modules/kinds/package.json': { name: 'kinds' },
    'node_modules/kinds/index.js': 'exports.of = (value) => typeof value',
  })
  assert.equal(done.result, 'number')
  assert.deepEqual(
    done.shipped.packages.map(({ name }) => name),
    ['lazy', 'kinds'],
  )
})

test('what is left out is shipped with the optional peers that the project has chosen', async (t) => {
  const files = {
    'orders.js': `import { go } from 'driver'\n${HANDLER}`,
    'node_modules/driver/package.json': {
      name: 'driver',
      peerDependencies: { engine: '*', compiler: '*' },
      peerDependenciesMeta: { engine: { optional: true }, compiler: { optional: true } },
    },
    'node_modules/driver/index.js': "exports.go = () => require('en' + 'gine').name",
    'node_modules/engine/package.json': { name: 'engine' },
    'node_modules/engine/index.js': "exports.name = 'an engine'",
    'node_modules/compiler/package.json': { name: 'compiler' },
    'node_modules/compiler/index.js': '',
    'package.json': { dependencies: { engine: '1' }, devDependencies: { compiler: '1' } },
  }
  const done = await run(t, files, { externals: ['driver'] })
  assert.equal(done.result, 'an engine')
  assert.equal(
    pathsOf(done).some((path) => path.includes('compiler')),
    false,
  )
})

test('files that a package finds by its module’s path, as in bullmq, are shipped', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'node_modules/reader/package.json': { name: 'reader' },
    'node_modules/reader/lib/index.js': '',
    'node_modules/reader/index.js': `
      const { readFileSync } = require('fs'), path = require('path')
      const folder = path.dirname(module.filename || __filename)
      const read = (file) => readFileSync(file, 'utf8')
      exports.go = () => [read(path.join(folder, 'a.txt')), read(path.join(module.path, 'b.txt')), read(path.join(path.dirname(module.filename), 'c.txt'))]`,
    ...Object.fromEntries(['a', 'b', 'c'].map((name) => [`node_modules/reader/${name}.txt`, name])),
  })
  assert.deepEqual(done.result, ['a', 'b', 'c'])
})

test('what a file of a package names in its text is shipped with it, as what a .proto imports', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'node_modules/reader/package.json': { name: 'reader' },
    'node_modules/reader/index.js':
      "exports.go = () => require('fs').readFileSync(__dirname + '/proto/rpc.proto', 'utf8').length > 0",
    'node_modules/reader/proto/rpc.proto':
      'syntax = "proto3"; import "kv.proto"; import "proto/auth/auth.proto"; import "google/none.proto";',
    'node_modules/reader/proto/kv.proto':
      'import "auth/auth.proto"; import "rpc.proto"; import "../../orders.js";',
    'node_modules/reader/proto/auth/auth.proto': '',
    'node_modules/reader/proto/other.proto': '',
  })
  assert.deepEqual(
    pathsOf(done).filter((path) => path.endsWith('.proto')),
    ['auth/auth', 'kv', 'rpc'].map((name) => `node_modules/reader/proto/${name}.proto`),
  )
})

test('modules of a package that a later bundle shows are looked at, too', async (t) => {
  const done = await run(t, {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'node_modules/reader/package.json': { name: 'reader', type: 'module', exports: './index.js' },
    'node_modules/reader/index.js':
      "import { createRequire } from 'node:module'\nconst load = createRequire(import.meta.url)\nexport const go = () => load('./read.cjs').read()",
    'node_modules/reader/read.cjs':
      "exports.read = () => require('fs').readFileSync(require('path').join(__dirname, 'a.txt'), 'utf8')",
    'node_modules/reader/a.txt': 'a',
  })
  assert.equal(done.result, 'a')
})

test('what has to be shipped is told where Plug’n’Play has packages in archives', async (t) => {
  const files = {
    'orders.js': `import { go } from 'reader'\n${HANDLER}`,
    'node_modules/reader/package.json': { name: 'reader' },
    'node_modules/reader/index.js':
      "exports.go = () => require('fs').readFileSync(require('path').join(__dirname, 'a.txt'), 'utf8')",
    'node_modules/reader/a.txt': 'a text',
  }
  const told = async (more: Files) =>
    (await run(t, { ...files, ...more })).bundle.packages.notes.filter((note) => note.includes('Plug’n’Play'))
  assert.deepEqual(await told({}), [])
  const [note] = await told({ '.pnp.cjs': '' })
  assert.match(note ?? '', /^reader is to be shipped as files, .*nodeLinker: node-modules/)
})
