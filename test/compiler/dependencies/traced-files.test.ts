import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { traceAll, traceOwnFiles } from '../../../src/compiler/dependencies/traced-files.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

const FILES = {
  'node_modules/a/package.json': { name: 'a', main: 'index.js' },
  'node_modules/a/index.js': "require('./z'); require('./m'); require('./b')",
  'node_modules/a/b.js': `require('d')\n${'// A module that takes longest to read.\n'.repeat(10_000)}`,
  'node_modules/a/m.js': "require('c')",
  'node_modules/a/z.js': '',
  'node_modules/a/read.js': `
    const { readFileSync } = require('node:fs'), { join } = require('node:path')
    readFileSync(join(__dirname, 'z.txt')), readFileSync(join(__dirname, 'a.txt'))`,
  'node_modules/a/a.txt': 'a',
  'node_modules/a/z.txt': 'z',
  'node_modules/c/package.json': { name: 'c' },
  'node_modules/c/index.js': '',
  'node_modules/d/package.json': { name: 'd' },
  'node_modules/d/index.js': '',
}

// What is shipped is listed in the executable, in this order, and decides about places: a build would not be the same twice.
test('files are told in the order of their paths, whichever was read first', async (t) => {
  const project = temporaryFiles(t, FILES)
  const paths = (...names: string[]) => names.map((name) => join(project, 'node_modules', name))
  assert.deepEqual(
    (await traceAll(paths('a/index.js'))).filter((path) => path.endsWith('.js')),
    paths('a/b.js', 'a/index.js', 'a/m.js', 'a/z.js', 'c/index.js', 'd/index.js'),
  )
  assert.deepEqual(await traceOwnFiles(paths('a/read.js')), paths('a/a.txt', 'a/z.txt'))
})
