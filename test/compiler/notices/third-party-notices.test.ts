import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { findPinnedNode, pinnedVersions } from '../../../bin/pinned-node.js'
import type { BaseNode } from '../../../src/compiler/base-node/base-node.ts'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { renderNotices } from '../../../src/compiler/notices/third-party-notices.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

const arch = process.arch === 'arm64' ? 'arm64' : 'x64'

async function baseNode(original?: string): Promise<BaseNode> {
  const path = original ?? (await findPinnedNode(arch))
  return {
    path,
    original: path,
    arch,
    version: pinnedVersions.version,
    generator: path,
    runner: [],
    notes: [],
  }
}

/** The notices of a function whose packages are `packages`, and of the sections the first lines. */
async function notices(
  t: TestContext,
  code: string,
  packages: Parameters<typeof writeFiles>[1],
  base?: BaseNode,
) {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, 'orders.js': code, ...packages })
  const bundle = await bundleFunction(join(folder, 'orders.js'), { minify: true, externals: [], bundled: [] })
  const text = await renderNotices({ bundle, base: base ?? (await baseNode()) })
  return { text, names: text.split(`\n\n${'='.repeat(80)}\n`).map((section) => section.split('\n===')[0]) }
}

const MIT = 'The MIT License: anybody may do anything.'

test('a package in a folder that tools keep has its own name and licence', async (t) => {
  const { text, names } = await notices(
    t,
    `import { PrismaClient } from '@prisma/client'; export const handler = () => PrismaClient`,
    {
      'node_modules/@prisma/client/package.json': {
        name: '@prisma/client',
        version: '6.0.0',
        license: 'MIT',
      },
      'node_modules/@prisma/client/index.js': 'module.exports = require(".prisma/client")',
      'node_modules/.prisma/client/package.json': {
        name: 'prisma-client-1',
        version: '1.0.0',
        license: 'ISC',
      },
      'node_modules/.prisma/client/index.js': 'exports.PrismaClient = "made for this schema"',
      'node_modules/.prisma/client/LICENSE': 'May be kept.',
    },
  )
  assert.ok(names.includes('prisma-client-1 1.0.0 (ISC)'), names.join(', '))
  assert.ok(text.includes('May be kept.'))
})

test('Node.js, lambdabin, undici and bundled packages are there with their licences, once for each text', async (t) => {
  const { text, names } = await notices(
    t,
    `import a from 'a'; import b from '@scope/b'; import c from 'c'; import d from 'd'; export const handler = () => [a, b, c, d]`,
    {
      'node_modules/a/package.json': { name: 'a', version: '1.0.0', license: 'MIT' },
      'node_modules/a/index.js': 'export default 1',
      'node_modules/a/LICENSE': MIT,
      'node_modules/@scope/b/package.json': { name: '@scope/b', version: '2.0.0', license: 'MIT' },
      'node_modules/@scope/b/index.js': 'export default 2',
      'node_modules/@scope/b/LICENCE.md': `${MIT}\r\n`,
      'node_modules/c/package.json': { name: 'c', version: '3.0.0', license: 'Apache-2.0' },
      'node_modules/c/index.js': 'import e from "e"; export default e',
      'node_modules/c/LICENSE-APACHE': 'The Apache License',
      'node_modules/c/NOTICE': 'c was written by C.',
      'node_modules/c/node_modules/e/package.json': { name: 'e', version: '5.0.0' },
      'node_modules/c/node_modules/e/index.js': 'module.exports = 5',
      'node_modules/d/package.json': { name: 'd', version: '4.0.0', license: 'ISC' },
      'node_modules/d/lib/index.js': 'exports.d = 4',
      'node_modules/d/index.js': 'module.exports = require("./lib/index.js")',
    },
  )
  assert.deepEqual(names.slice(1), [
    `Node.js ${pinnedVersions.version}`,
    'lambdabin 0.1.0 (MIT)',
    'undici 8.12.4 (MIT)',
    '@scope/b 2.0.0 (MIT)\na 1.0.0 (MIT)',
    'c 3.0.0 (Apache-2.0)',
    'd 4.0.0 (ISC)\ne 5.0.0',
  ])
  for (const part of ['V8', 'OpenSSL', 'ICU', 'libuv', 'c was written by C.', 'The Apache License', MIT]) {
    assert.ok(text.includes(part), part)
  }
  assert.match(text, /d 4\.0\.0 \(ISC\)\ne 5\.0\.0\n=+\n\nNo licence text comes with it\./)
  assert.equal(text.split(MIT).length, 2)
})

test('what of a package is not bundled has no notice, and legal comments of what is are kept', async (t) => {
  const { text, names } = await notices(t, `import { used } from 'many'; export const handler = () => used`, {
    'node_modules/many/package.json': { name: 'many', version: '1.0.0', sideEffects: false },
    'node_modules/many/index.js': `export { used } from './used.js'; export { unused } from 'unused'`,
    'node_modules/many/used.js':
      '/*! used is by U. */\n// just a comment\nexport const used = () => Math.random()',
    'node_modules/unused/package.json': { name: 'unused', version: '1.0.0', sideEffects: false },
    'node_modules/unused/index.js': 'export const unused = 1',
  })
  assert.deepEqual(names.slice(4), ['many 1.0.0', 'Legal comments in the code of packages'])
  assert.match(text, /used is by U\./)
  assert.doesNotMatch(text, /just a comment/)
})

test('a binary without its licence beside it gets the pinned one’s, and it is said that it is that', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'bin'))
  copyFileSync(process.execPath, join(folder, 'bin', 'node'))
  const base = { ...(await baseNode(join(folder, 'bin', 'node'))), version: '24.0.0' }
  const { text } = await notices(t, 'export const handler = () => 1', {}, base)
  assert.match(text, /\(The licence of Node\.js 24\.21\.0: that of 24\.0\.0 was not beside its binary\.\)/)
  assert.match(text, /OpenSSL/)
})

test('the same function has the same notices wherever it is built', async (t) => {
  const files = {
    'node_modules/a/package.json': { name: 'a', version: '1.0.0' },
    'node_modules/a/index.js': '/*! @license A */ export default 1',
  }
  const code = `import a from 'a'; export const handler = () => a`
  assert.equal((await notices(t, code, files)).text, (await notices(t, code, files)).text)
})
