/** What the build tells of packages besides what it ships. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { describePlan, importedOutside } from '../../../src/compiler/dependencies/plan-notes.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

test('an addon that is not built is told once, of however many modules', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'node_modules/resize/package.json': { name: 'resize' },
    'node_modules/resize/index.js': "exports.all = [require('./lib/a'), require('./lib/b')]",
    'node_modules/resize/lib/a.js': "exports.a = () => require('../build/Release/resize.node')",
    'node_modules/resize/lib/b.js': "exports.b = () => require('../build/Release/resize.node')",
    'orders.ts': "import { all } from 'resize'\nexport const handler = () => all",
  })
  const { packages } = await bundleFunction(join(folder, 'orders.ts'), {
    minify: true,
    externals: [],
    bundled: [],
  })
  assert.deepEqual(describePlan(packages), [
    '../build/Release/resize.node is not there, an addon that is built when its package is installed; if the function needs it, run npm rebuild resize',
  ])
})

test('a package that is left out and not installed is told where something may need it', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'node_modules/driven/package.json': { name: 'driven', peerDependencies: { driver: '*' } },
    'node_modules/driven/index.js': "exports.load = (name) => require('driver')",
    'bare.ts': 'export const handler = () => 1',
    'typed.ts': "import type { Driver } from 'driver'\nexport const handler = (): Driver => 1",
    'imported.ts': "import { load } from 'driver/lib'\nexport const handler = () => load()",
    'later.ts': "export const handler = () => import('driver')",
    'shipped.ts': "import { load } from 'driven'\nexport const handler = () => load()",
  })
  for (const [entry, isTold] of [
    ['bare', false],
    ['typed', false],
    ['imported', true],
    ['later', true],
    ['shipped', true],
  ] as const) {
    const externals = entry === 'shipped' ? ['driver', 'driven'] : ['driver']
    const { packages, metafile } = await bundleFunction(join(folder, `${entry}.ts`), {
      ...{ minify: true, externals, bundled: [] },
    })
    const notes = describePlan(packages, importedOutside(metafile)).join()
    assert.equal(/driver is not installed, so nothing of it is shipped/.test(notes), isTold, entry)
  }
})
