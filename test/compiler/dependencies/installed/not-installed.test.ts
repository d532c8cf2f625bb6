/** What the build advises where packages are not installed: by the package manager that the project has. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

const ORDERS = `
  import a from 'nanoid/non-secure'
  import b from '@scope/name'
  export const handler = async () => [a, b]`

async function failure(t: TestContext, files: Parameters<typeof writeFiles>[1]): Promise<string> {
  const folder = writeFiles(temporaryFolder(t), { 'shop/src/orders.ts': ORDERS, ...files })
  const options = { minify: true, externals: [], bundled: [] }
  const told = await bundleFunction(join(folder, 'shop/src/orders.ts'), options).then(
    () => 'nothing',
    (error: Error) => error.message,
  )
  return told.replaceAll(`${folder}/`, '').replaceAll(/\s+/g, ' ')
}

const MANIFEST = { dependencies: { nanoid: '*' }, devDependencies: { lambdabin: '*', '@types/node': '*' } }

for (const [what, files, told] of [
  ['npm', { 'shop/package.json': MANIFEST }, 'shop/package.json names is installed; run npm install in shop'],
  [
    'npm, with its lock file',
    { 'shop/package.json': MANIFEST, 'shop/package-lock.json': {} },
    'shop/package.json names is installed; run npm ci in shop',
  ],
  [
    'pnpm, in a workspace',
    { 'shop/package.json': MANIFEST, 'pnpm-lock.yaml': '' },
    'shop/package.json names is installed; run pnpm install in shop',
  ],
  [
    'Yarn, as package.json says',
    { 'shop/package.json': { ...MANIFEST, packageManager: 'yarn@4.9.0' } },
    'shop/package.json names is installed; run yarn install in shop',
  ],
  [
    'bun, with all packages in the package.json further up',
    { 'shop/package.json': { type: 'module' }, 'package.json': MANIFEST, 'bun.lock': '' },
    'package.json names is installed; run bun install in ',
  ],
] as const) {
  test(`where nothing is installed, one sentence says so: ${what}`, async (t) => {
    const sentence = await failure(t, files)
    assert.ok(sentence.startsWith(`nothing of what ${told}`), sentence)
  })
}

for (const [what, files] of [
  [
    'another package is there',
    { 'shop/package.json': MANIFEST, 'node_modules/@types/node/package.json': {} },
  ],
  ['package.json does not name it', { 'shop/package.json': { dependencies: { other: '*' } } }],
  ['package.json names none', { 'shop/package.json': {} }],
] as const) {
  test(`a package that is not installed is told for itself where ${what}`, async (t) => {
    const told = await failure(t, { ...files, 'shop/yarn.lock': '' })
    assert.match(
      told,
      /The package nanoid is not installed where this file could import it: yarn add nanoid /,
    )
    assert.match(told, /The package @scope\/name is not installed [^:]*: yarn add @scope\/name$/)
  })
}

test('what only import() and require ask for may be left out, which is told', async (t) => {
  const told = await failure(t, {
    'package.json': {},
    'shop/src/orders.ts': `
      import a from 'nanoid'
      export const handler = async (kind: string): Promise<unknown> =>
        kind === 'a' ? a : kind === 'b' ? import('prettier/standalone') : require('canvas')`,
  })
  const without = (name: string) =>
    `The package ${name} is not installed where this file could import it: npm install ${name}, or, if the function does without it, --external ${name}`
  assert.ok(told.includes(without('prettier')), told)
  assert.ok(told.includes(without('canvas')), told)
  assert.match(told, /import it: npm install nanoid ✘/)
})

test('of an SDK that is not installed it is told that Lambda has it for its own Node.js only', async (t) => {
  const told = await failure(t, {
    'package.json': {},
    'shop/src/orders.ts': `
      import { S3 } from '@aws-sdk/client-s3'
      const { DynamoDB } = require('aws-sdk')
      export const handler = async () => [S3, DynamoDB]`,
  })
  for (const name of ['@aws-sdk/client-s3', 'aws-sdk']) {
    const advice = `import it: npm install ${name}. Lambda has it beside its own Node.js, and not beside an executable`
    assert.ok(told.includes(advice), told)
  }
  assert.doesNotMatch(told, /--external/)
})
