import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PackageLayoutError } from '../../../src/compiler/dependencies/package-layout.ts'
import { PackagePlanner } from '../../../src/compiler/dependencies/package-planner.ts'
import { listShippedPackages } from '../../../src/compiler/package/shipped-packages.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** A package that says its version and those of what it requires: `a@1(b@2)`. */
function packageFiles(
  folder: string,
  name: string,
  version: string,
  dependencies: string[] = [],
  manifest = {},
) {
  const list = JSON.stringify(dependencies)
  return {
    [`${folder}/package.json`]: {
      name,
      version,
      dependencies: Object.fromEntries(dependencies.map((dependency) => [dependency, '*'])),
      ...manifest,
    },
    [`${folder}/index.js`]: `
      exports.tell = (depth = 0) => '${name}@${version}' +
        (depth > 3 ? '' : '(' + ${list}.map((name) => require(name).tell(depth + 1)).join() + ')')`,
  }
}

/**
 * Ships `externals` of the project `files` into another folder, and tells what each of them requires there.
 */
async function ship(t: TestContext, files: Record<string, object | string>, ...externals: string[]) {
  const source = writeFiles(temporaryFolder(t), { 'src/orders.js': '', ...files })
  return shipFrom(t, source, externals)
}

async function shipFrom(t: TestContext, source: string, externals: string[]) {
  const target = temporaryFolder(t)
  const { plan } = await PackagePlanner.begin(join(source, 'src/orders.js'), source, {
    externals,
    bundled: [],
  })
  const { files: found } = await listShippedPackages(plan.packages, 'x64')
  for (const file of found) {
    mkdirSync(dirname(join(target, file.path)), { recursive: true })
    copyFileSync(file.source, join(target, file.path))
  }
  const require = createRequire(join(target, 'function.js'))
  return { told: externals.map((name) => require(name).tell()), paths: found.map(({ path }) => path).sort() }
}

test('a package is shipped with what it needs, and what that needs, and nothing else', async (t) => {
  const { told, paths } = await ship(
    t,
    {
      ...packageFiles('node_modules/a', 'a', '1', ['@s/b']),
      ...packageFiles('node_modules/@s/b', '@s/b', '1', ['c']),
      ...packageFiles('node_modules/c', 'c', '1'),
      ...packageFiles('node_modules/unused', 'unused', '1'),
      'node_modules/a/build/addon.node': 'native',
      'node_modules/a/node_modules/.cache/x': 'left behind by a tool',
    },
    'a',
  )
  assert.deepEqual(told, ['a@1(@s/b@1(c@1()))'])
  assert.deepEqual(paths, [
    'node_modules/@s/b/index.js',
    'node_modules/@s/b/package.json',
    'node_modules/a/build/addon.node',
    'node_modules/a/index.js',
    'node_modules/a/package.json',
    'node_modules/c/index.js',
    'node_modules/c/package.json',
  ])
})

test('each package gets the version that it had, where there are several', async (t) => {
  const { told } = await ship(
    t,
    {
      ...packageFiles('node_modules/a', 'a', '1', ['x', 'b']),
      ...packageFiles('node_modules/b', 'b', '1', ['x']),
      ...packageFiles('node_modules/x', 'x', '1', ['y']),
      ...packageFiles('node_modules/y', 'y', '1'),
      ...packageFiles('node_modules/b/node_modules/x', 'x', '2', ['y']),
      ...packageFiles('node_modules/b/node_modules/y', 'y', '2'),
    },
    'a',
    'b',
  )
  assert.deepEqual(told, ['a@1(x@1(y@1()),b@1(x@2(y@2())))', 'b@1(x@2(y@2()))'])
})

test('packages that pnpm keeps elsewhere, behind links, are laid out as any others', async (t) => {
  const source = writeFiles(temporaryFolder(t), {
    'src/orders.js': '',
    ...packageFiles('node_modules/.pnpm/a@1/node_modules/a', 'a', '1', ['b']),
    ...packageFiles('node_modules/.pnpm/b@2/node_modules/b', 'b', '2'),
  })
  symlinkSync('.pnpm/a@1/node_modules/a', join(source, 'node_modules/a'))
  symlinkSync('../../b@2/node_modules/b', join(source, 'node_modules/.pnpm/a@1/node_modules/b'))
  const { told, paths } = await shipFrom(t, source, ['a'])
  assert.deepEqual(told, ['a@1(b@2())'])
  assert.ok(paths.includes('node_modules/b/index.js'))
})

test('packages that need each other are shipped once each', async (t) => {
  const { told, paths } = await ship(
    t,
    {
      ...packageFiles('node_modules/a', 'a', '1', ['b']),
      ...packageFiles('node_modules/b', 'b', '1', ['a']),
    },
    'a',
  )
  assert.deepEqual(told, ['a@1(b@1(a@1(b@1(a@1))))'])
  assert.equal(paths.length, 4)
})

test('versions that need each other in a circle end with an error, not never', async (t) => {
  // a@1 needs b@1 needs a@2 needs b@2 needs a@1: no layout of node_modules is finite.
  const source = writeFiles(temporaryFolder(t), {
    'src/orders.js': '',
    ...packageFiles('store/a1', 'a', '1', ['b']),
    ...packageFiles('store/b1', 'b', '1', ['a']),
    ...packageFiles('store/a2', 'a', '2', ['b']),
    ...packageFiles('store/b2', 'b', '2', ['a']),
    'node_modules/.keep': '',
  })
  const link = (from: string, name: string, to: string) => {
    mkdirSync(join(source, from, 'node_modules'), { recursive: true })
    symlinkSync(join(source, to), join(source, from, 'node_modules', name))
  }
  link('.', 'a', 'store/a1')
  link('store/a1', 'b', 'store/b1')
  link('store/b1', 'a', 'store/a2')
  link('store/a2', 'b', 'store/b2')
  link('store/b2', 'a', 'store/a1')
  await assert.rejects(shipFrom(t, source, ['a']), /in a circle/)
})

test('optional packages and peers are shipped where they are installed, but no peers that may be missing', async (t) => {
  const optional = {
    optionalDependencies: { o: '*', absent: '*' },
    peerDependencies: { p: '*', missing: '*', q: '*' },
    peerDependenciesMeta: { q: { optional: true } },
  }
  const { paths } = await ship(
    t,
    {
      ...packageFiles('node_modules/a', 'a', '1', [], optional),
      ...packageFiles('node_modules/o', 'o', '1'),
      ...packageFiles('node_modules/p', 'p', '1'),
      ...packageFiles('node_modules/q', 'q', '1'),
    },
    'a',
  )
  assert.ok(paths.includes('node_modules/o/index.js') && paths.includes('node_modules/p/index.js'))
  assert.ok(!paths.includes('node_modules/q/index.js'))
})

test('a package that is not installed is left out, and nothing of it is shipped', async (t) => {
  const source = writeFiles(temporaryFolder(t), { 'src/orders.js': '' })
  const entry = join(source, 'src/orders.js')
  const { plan } = await PackagePlanner.begin(entry, source, { externals: ['oracledb'], bundled: [] })
  assert.deepEqual(plan.absentExternals, ['oracledb'])
  assert.deepEqual(plan.packages, [])
})

for (const [what, external, files, message] of [
  ['a module of Node.js', 'fs', {}, /fs is a module of Node\.js/],
  ['a file of a package', 'a/lib', {}, /expects the name of a package.* got a\/lib/],
  ['a path', './a', {}, /expects the name of a package.* got \.\/a/],
  ['an empty name', '', {}, /expects the name of a package/],
  [
    'a package with a broken package.json',
    'a',
    { 'node_modules/a/package.json': '{' },
    /package\.json should be/,
  ],
  ['a pattern', '@scope/*', {}, /name of a package, and @scope\/\* is a pattern; name each package$/],
  ['a pattern of AWS’s SDK', '@aws-sdk/*', {}, /@aws-sdk\/\* is a pattern; .*provided\.al2023 has none/],
] as const) {
  test(`${what} is refused by name`, async (t) => {
    await assert.rejects(
      ship(t, files, external),
      (error: unknown) => error instanceof PackageLayoutError && message.test(error.message),
    )
  })
}
