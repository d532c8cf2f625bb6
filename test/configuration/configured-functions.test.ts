/** Which functions a configuration names, and what they are called. */

import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Config } from '../../src/configuration/configuration.ts'
import { configuredFunctions } from '../../src/configuration/configured-functions.ts'
import { loadConfiguration } from '../../src/configuration/load-configuration.ts'
import { selectFunctions } from '../../src/configuration/select-functions.ts'
import { UsageError } from '../../src/configuration/usage-error.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const HANDLER = 'export const handler = async () => 1\n'
const CONTEXT = { command: 'build' }

function project(t: TestContext): string {
  const files = [
    ...['src/orders/index.ts', 'src/users/index.ts', 'src/users/users.test.ts', 'src/users/index.d.ts'],
    ...[
      'jobs/daily/handler.ts',
      'jobs/weekly/handler.ts',
      'jobs/notes.md',
      'jobs/daily/node_modules/x/index.ts',
    ],
    ...[
      'flat/a.ts',
      'flat/lambdabin.config.ts',
      'flat/b.mjs',
      'flat/c/index.js',
      'dist/old/index.ts',
      'bad/x.y/index.ts',
      'bad/z.q.ts',
    ],
  ]
  return writeFiles(realpathSync(temporaryFolder(t)), {
    'package.json': {},
    ...Object.fromEntries(files.map((file) => [file, HANDLER])),
  })
}

async function load(config: Config, folder: string) {
  const configuration = await loadConfiguration(config, folder, CONTEXT)
  assert.ok(configuration)
  return configuration
}

for (const [functions, expected] of [
  ['src/*/index.ts', { orders: 'src/orders/index.ts', users: 'src/users/index.ts' }],
  ['jobs/*/handler.ts', { daily: 'jobs/daily/handler.ts', weekly: 'jobs/weekly/handler.ts' }],
  ['flat/*', { a: 'flat/a.ts', b: 'flat/b.mjs', c: 'flat/c/index.js' }],
  [
    ['flat/{a,b}.*', 'jobs/daily/handler.ts'],
    { a: 'flat/a.ts', b: 'flat/b.mjs', handler: 'jobs/daily/handler.ts' },
  ],
  [['flat/*', '!flat/{b,c}*', '!**/*.test.ts'], { a: 'flat/a.ts' }],
  [
    ['src/*/index.ts', '!src/users', 'jobs/**/handler.ts', '!jobs/daily/handler.ts'],
    { orders: 'src/orders/index.ts', weekly: 'jobs/weekly/handler.ts' },
  ],
  ['flat/!(b).*', { a: 'flat/a.ts' }],
  ['./src/**/*.ts', { orders: 'src/orders/index.ts', users: 'src/users/index.ts' }],
  [
    {
      '{src,jobs}/*/{index,handler}.ts': {},
      '{src,jobs}/*/*.ts': {},
      'daily-index': 'jobs/daily/handler.ts',
    },
    {
      orders: 'src/orders/index.ts',
      users: 'src/users/index.ts',
      'daily-index': 'jobs/daily/handler.ts',
      handler: 'jobs/weekly/handler.ts',
    },
  ],
  [{ 'bad/*.ts': {}, 'z-q': 'bad/z.q.ts' }, { 'z-q': 'bad/z.q.ts' }],
  [
    { 'src/*/index.ts': {}, people: 'src/users/index.ts' },
    { orders: 'src/orders/index.ts', people: 'src/users/index.ts' },
  ],
  [
    { small: 'src/orders/index.ts', large: { entry: 'src/orders/index.ts', intl: 'en' } },
    { small: 'src/orders/index.ts', large: 'src/orders/index.ts' },
  ],
] as const) {
  test(`functions have the names of their files, or of their folders: ${JSON.stringify(functions)}`, async (t) => {
    const folder = project(t)
    const found = configuredFunctions(await load({ functions }, folder))
    assert.deepEqual(
      Object.fromEntries(found.map(({ name, entry }) => [name, relative(folder, entry)])),
      expected,
    )
  })
}

test('a function’s own options count more than those of its pattern, and those more than what is for all', async (t) => {
  const folder = project(t)
  const config: Config = {
    arch: 'arm64',
    external: ['a'],
    esbuild: { define: { A: '1', B: '1' }, conditions: ['x'] },
    functions: {
      'src/*/index.ts': { external: ['b'], zip: 'small', esbuild: { define: { B: '2', C: '2' } } },
      orders: { external: 'c', esbuild: { conditions: ['y'] } },
    },
  }
  const [orders, users] = configuredFunctions(await load(config, folder))
  assert.deepEqual(orders?.values, {
    arch: 'arm64',
    zip: 'small',
    external: ['c'],
    esbuild: { define: { A: '1', B: '2', C: '2' }, conditions: ['y'] },
  })
  assert.deepEqual([users?.values.external, users?.values.esbuild?.conditions], [['b'], ['x']])
})

for (const [functions, message] of [
  [
    'src/*/idx.ts',
    /functions is the pattern src\/\*\/idx\.ts, which no TypeScript or JavaScript file in .* fits/,
  ],
  ['jobs/*.md', /no TypeScript or JavaScript file/],
  [
    { 'src/*/index.ts': {}, '!src/**/types.ts': {} },
    /functions\["!src\/\*\*\/types\.ts"\] has options for files that are no functions; leave it out, and them by a list of patterns/,
  ],
  [{ orders: 'src/orders.ts' }, /functions\.orders names the entry src\/orders\.ts, which is not there/],
  [
    { orders: 'src/orders' },
    /functions\.orders names the entry src\/orders, which is no TypeScript or JavaScript file/,
  ],
  [{ orders: {} }, /functions\.orders has no entry, and no pattern finds a function of that name/],
  [
    { bootstrap: 'flat/a.ts' },
    /functions\.bootstrap: .*"bootstrap" is the file that starts it; call it something else/,
  ],
  ['bad/*.ts', /"z\.q" has a dot, .*; give it one as a key of functions/],
  [
    ['src/*/index.ts', '{src,jobs}/*/*.ts'],
    /and jobs\/weekly\/handler\.ts would both be handler; name one of them as a key of functions: 'another-name': 'jobs\/weekly\/handler\.ts'/,
  ],
] as const) {
  test(`functions that cannot be are refused: ${JSON.stringify(functions)}`, async (t) => {
    const configuration = await load({ functions }, project(t))
    assert.throws(
      () => configuredFunctions(configuration),
      (error) => error instanceof UsageError && message.test(error.message),
    )
  })
}

test('a build is for all configured functions, for some by name or path, or for any other entry', async (t) => {
  const folder = project(t)
  const configuration = await load({ functions: 'src/*/index.ts', arch: 'arm64', zip: 'small' }, folder)
  const select = async (wanted: string[], values = {}) => {
    const functions = await selectFunctions(configuration, { wanted, values, build: {}, folder })
    return functions.map(({ name, target, compression }) => [name, target.arch, compression].join(' '))
  }
  assert.deepEqual(await select([]), ['orders arm64 small', 'users arm64 small'])
  assert.deepEqual(await select(['users']), ['users arm64 small'])
  assert.deepEqual(await select(['src/orders/index.ts', 'flat/a.ts']), [
    'orders arm64 small',
    'a arm64 small',
  ])
  assert.deepEqual(
    await select(['users'], { arch: 'x64', name: 'people' }),
    ['people x64 small'],
    'the caller wins',
  )
  await assert.rejects(select(['user']), {
    message: 'the configuration has no function user; did you mean users?',
  })
  await assert.rejects(select(['zzzzzz']), /has no function zzzzzz; there are orders, users/)
  for (const name of ['bootstrap', 'node_modules', 'x y', 'a.b', 'é', '-q', '', '../victim', '/tmp/x']) {
    await assert.rejects(select(['users'], { name }), (error) => {
      assert.ok(error instanceof UsageError)
      assert.match(
        error.message,
        /^a function's name is that of its executable .*; give another with --name$/,
      )
      return true
    })
  }
  await assert.rejects(select([], { name: 'x' }), /--name names one function, and 2 entries were given/)
})
