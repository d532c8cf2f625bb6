/** What the build tells of packages besides what it ships. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { describePlan } from '../../../src/compiler/dependencies/plan-notes.ts'
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
