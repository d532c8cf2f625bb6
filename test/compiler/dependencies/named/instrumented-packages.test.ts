/** Packages that another one changes as they are required: each way in which that one may tell which they are. */
import assert from 'node:assert/strict'
import { Module } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { loadBundle } from '../../../support/projects/loaded-bundle.ts'

/** Changes what `web` exports as it is required, as require-in-the-middle does. */
const HOOK = `
  const { Module } = require('module')
  const load = Module.prototype.require
  exports.watch = (names) => {
    Module.prototype.require = function (id) {
      const loaded = load.call(this, id)
      const isMeant = names.some((name) => Module._resolveFilename(id, this).includes('/node_modules/' + name + '/'))
      return isMeant ? { ...loaded, name: () => 'watched ' + loaded.name() } : loaded
    }
  }`

const WEB = {
  'node_modules/web/package.json': { name: 'web', version: '1.0.0', dependencies: { routes: '1' } },
  'node_modules/web/index.js': "exports.name = () => 'web ' + require('routes').path",
  'node_modules/routes/package.json': { name: 'routes', version: '1.0.0' },
  'node_modules/routes/index.js': "exports.path = '/'",
}

function project(t: TestContext, agent: string, files: Files): string {
  const { require: load } = Module.prototype
  t.after(() => {
    Module.prototype.require = load
  })
  return writeFiles(temporaryFolder(t), {
    'package.json': { dependencies: {} },
    'node_modules/require-in-the-middle/package.json': { name: 'require-in-the-middle', version: '1.0.0' },
    'node_modules/require-in-the-middle/index.js': HOOK,
    ...WEB,
    [`node_modules/${agent}/package.json`]: {
      name: agent,
      version: '1.0.0',
      dependencies: { 'require-in-the-middle': '1' },
    },
    ...files,
    'orders.js': `import '${agent}'\nimport { name } from 'web'\nexport const handler = () => name()`,
  })
}

type Files = Parameters<typeof writeFiles>[1]

const CHOICE = { minify: true, externals: [], bundled: [] }

const TOLD: { how: string; agent: string; files: Files }[] = [
  {
    how: 'an instrumentation of OpenTelemetry by a text',
    agent: '@opentelemetry/instrumentation-web',
    files: {
      'node_modules/@opentelemetry/instrumentation-web/index.js': `
        class InstrumentationNodeModuleDefinition { constructor(name) { require('require-in-the-middle').watch([name]) } }
        // That of a header.
        exports.headers = { routes: 'routes' }
        new InstrumentationNodeModuleDefinition(
          // A comment in front of it.
          'web', ['*'])`,
    },
  },
  {
    how: 'one of OpenTelemetry by a constant of another module',
    agent: '@opentelemetry/instrumentation-web',
    files: {
      'node_modules/@opentelemetry/instrumentation-web/constants.js': "exports.MODULE_NAME = 'web'",
      'node_modules/@opentelemetry/instrumentation-web/index.js': `
        const constants = require('./constants')
        class InstrumentationNodeModuleDefinition { constructor(name) { require('require-in-the-middle').watch([name]) } }
        new InstrumentationNodeModuleDefinition(constants.MODULE_NAME, ['*'])`,
    },
  },
  {
    how: 'an agent by a table of hooks',
    agent: 'dd-trace',
    files: {
      'node_modules/dd-trace/helpers/hooks.js': 'module.exports = {\n  web: () => {},\n}',
      'node_modules/dd-trace/index.js':
        "require('require-in-the-middle').watch(Object.keys(require('./helpers/hooks')))",
    },
  },
  {
    how: 'an agent by the places that it changes',
    agent: 'newrelic',
    files: {
      'node_modules/newrelic/index.js': `
        const places = [{ module: { name: 'web', versionRange: '*' } }]
        require('require-in-the-middle').watch(places.map(({ module }) => module.name))`,
    },
  },
  {
    how: 'an agent by paths of modules',
    agent: 'elastic-apm-node',
    files: {
      'node_modules/elastic-apm-node/index.js': `
        const modules = [{ modPath: 'web' }]
        require('require-in-the-middle').watch(modules.map(({ modPath }) => modPath))`,
    },
  },
]

for (const { how, agent, files } of TOLD) {
  test(`what is instrumented is shipped, and so instrumented, as told by ${how}`, async (t) => {
    const folder = project(t, agent, files)
    const bundle = await bundleFunction(join(folder, 'orders.js'), CHOICE)
    const shipped = bundle.packages.packages.filter(({ isExternal }) => isExternal)
    assert.deepEqual(
      shipped.map(({ name, reason }) => [name, reason]),
      [
        ['web', `is instrumented by ${agent}`],
        ['routes', undefined],
      ],
    )
    // They are where they were.
    const { exports } = await loadBundle(bundle, folder)
    assert.equal(await exports.handler(), 'watched web /')
  })
}

const [{ agent, files }] = TOLD as [(typeof TOLD)[0]]

test('what is instrumented is bundled all the same with --bundle', async (t) => {
  const folder = project(t, agent, files)
  const bundle = await bundleFunction(join(folder, 'orders.js'), { ...CHOICE, bundled: ['web'] })
  assert.deepEqual(bundle.packages.packages, [])
  const { exports } = await loadBundle(bundle, folder)
  assert.equal(await exports.handler(), 'web /')
})

test('what is instrumented is bundled where a function initialises in the build: nothing is required there', async (t) => {
  const folder = project(t, agent, files)
  const bundle = await bundleFunction(join(folder, 'orders.js'), { ...CHOICE, bundlesInstrumented: true })
  assert.deepEqual(bundle.packages.packages, [])
})

test('a package that only has the name of another in a text ships nothing', async (t) => {
  const folder = project(t, 'logger', {
    'node_modules/logger/package.json': { name: 'logger', version: '1.0.0', dependencies: {} },
    'node_modules/logger/index.js': "exports.kinds = [{ modPath: 'web' }]",
  })
  const bundle = await bundleFunction(join(folder, 'orders.js'), CHOICE)
  assert.deepEqual(bundle.packages.packages, [])
})
