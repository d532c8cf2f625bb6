import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const HANDLER = 'export const handler = async () => 1\n'

function project(t: TestContext): string {
  return writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': HANDLER,
    'create.order.ts': HANDLER,
    'other/orders.ts': HANDLER,
    'broken.ts': 'export const handler = async () => {\n  return 1 +\n}\n',
    'empty.ts': 'const handler = 1\n',
    'event.json': '{"a": 1}',
    'bad-event.json': '{"a": }',
    'notes.txt': '',
    'node_modules/plain/package.json': { name: 'plain' },
  })
}

for (const [args, message] of [
  [[], /expected the file of a function, such as/],
  [['nowhere.ts'], /expected the file of a function, and nowhere\.ts cannot be read; check the path/],
  [['other.ts/'], /an entry is|cannot be read/],
  [['notes.txt'], /an entry is a TypeScript or JavaScript file .* and notes\.txt is not/],
  [['create.order.ts'], /"create\.order" has a dot/],
  [['orders.ts', '--name', 'bootstrap'], /"bootstrap" is the file that starts it/],
  [['orders.ts', 'other/orders.ts'], /would both be orders; build one of them by itself with --name/],
  [['orders.ts', 'broken.ts', '--name', 'x'], /--name names one function, and 2 entries were given/],
  [
    ['orders.ts', '--arch', 'arm'],
    /--arch expects x64 or arm64, the architectures of AWS Lambda, and got arm\b/,
  ],
  [
    ['orders.ts', '--event', 'gone.json'],
    /--event expects a file with an event, and gone\.json cannot be read/,
  ],
  [
    ['orders.ts', '--event', 'bad-event.json'],
    /--event expects a JSON file, and bad-event\.json is not JSON/,
  ],
  [['orders.ts', '--zip', 'best'], /--zip expects fast, or small .*, and got best/],
  [['orders.ts', '--intl', 'en,,ja'], /--intl expects locales, as in --intl en,pt-BR,zh-Hant, and got ""/],
  [['orders.ts', '--intl', '../en'], /--intl expects locales, .*, and got "\.\.\/en"/],
  [['orders.ts', '--name'], /--name.* argument missing; see lambdabin build --help/],
] as const) {
  test(`wrong usage ends with status 2, one sentence and no files: build ${args.join(' ')}`, async (t) => {
    const cwd = project(t)
    const { status, stdout, stderr } = await runLambdabin(['build', ...args], { cwd })
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, message)
    assert.match(stderr, /^lambdabin: [^\n]+\n$/)
    assert.equal(existsSync(join(cwd, 'dist')), false)
  })
}

for (const [args, message] of [
  [['broken.ts'], /broken\.ts:3:0: ERROR|broken\.ts:3:0:/],
  [['empty.ts'], /empty\.ts exports nothing; export the function's handler/],
  [['orders.ts', '--include', 'gone'], /--include expects a file or folder that is there/],
  [['orders.ts', '--include', '..'], /outside of it/],
  [['orders.ts', '--external', './gone'], /--external expects the name of a package/],
  [['orders.ts', '--node', 'notes.txt'], /notes\.txt is not an ELF file/],
  [
    ['orders.ts', '--out-dir', 'notes.txt'],
    /--out-dir expects a folder that can be written to, and .*notes\.txt is none/,
  ],
] as const) {
  test(`a build that fails ends with status 1 and leaves no files: build ${args.join(' ')}`, async (t) => {
    const cwd = project(t)
    const { status, stdout, stderr } = await runLambdabin(['build', ...args, '--json'], { cwd })
    assert.equal(status, 1, stderr)
    assert.equal(stdout, '', 'no half a JSON document')
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack')
    assert.equal(existsSync(join(cwd, 'dist')), false)
  })
}

test('a build that fails leaves the package of the one before as it was', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, { 'dist/broken.zip': 'the zip', 'dist/broken/broken': 'the executable' })
  const { status } = await runLambdabin(['build', 'broken.ts'], { cwd })
  assert.equal(status, 1)
  assert.deepEqual(readdirSync(join(cwd, 'dist')).sort(), ['broken', 'broken.zip'])
  assert.equal(readFileSync(join(cwd, 'dist/broken.zip'), 'utf8'), 'the zip')
  assert.equal(readFileSync(join(cwd, 'dist/broken/broken'), 'utf8'), 'the executable')
})

test('a build that is ended by a signal dies of it and leaves no files and no processes', async (t) => {
  const cwd = project(t)
  const { signal, stderr } = await runLambdabin(['build', 'orders.ts'], {
    cwd,
    onStderr: (text, kill) => {
      // The step after this one is pkg's, in a process of its own.
      if (text.includes('base Node.js')) {
        kill('SIGTERM')
      }
    },
  })
  assert.equal(signal, 'SIGTERM', stderr)
  assert.equal(existsSync(join(cwd, 'dist')), false)
})

test('a function that fails does not keep the others from being built; all that failed are named at the end', async (t) => {
  const cwd = project(t)
  const { status, stdout, stderr } = await runLambdabin(
    ['build', 'broken.ts', 'orders.ts', 'empty.ts', '--json'],
    { cwd },
  )
  assert.equal(status, 1, stderr)
  assert.equal(stdout, '', 'no object that lacks some')
  assert.match(stderr, /broken\.ts:3:0:/)
  assert.match(stderr, /empty\.ts exports nothing/)
  assert.match(stderr, /lambdabin: 2 of 3 functions could not be built: broken, empty; it says above why\n$/)
  assert.deepEqual(readdirSync(join(cwd, 'dist')).sort(), ['orders', 'orders.zip'])
})

test('a package that is not installed is named, with how to install it', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, {
    'imports.ts': `import a from 'nanoid/non-secure'
      import b from '@scope/name'
      import c from './gone.ts'
      export const handler = async () => [a, b, c]`,
  })
  const { status, stderr } = await runLambdabin(['build', 'imports.ts'], { cwd })
  assert.equal(status, 1)
  assert.match(stderr, /Could not resolve "nanoid\/non-secure"/)
  assert.match(
    stderr,
    /^ {2}The package nanoid is not installed where this file could import it: npm install nanoid$/m,
  )
  assert.match(stderr, /The package @scope\/name is not installed where .*: npm install @scope\/name$/m)
  assert.match(stderr, /Could not resolve ".\/gone\.ts"/)
  assert.doesNotMatch(stderr, /mark the path/)
})

test('of what cannot be bundled, the author’s own is told, and where a path of tsconfig.json leads', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, {
    'tsconfig.json': { compilerOptions: { paths: { '@functions/*': ['./src/*'] } } },
    'imports.ts': `import store from 'store'
      import { approve } from '@functions/approvals/service'
      export const handler = async () => [store, approve]`,
    'node_modules/store/package.json': { name: 'store' },
    // Bundles without the author's mistake have this fail when it is reached.
    'node_modules/store/index.js': "exports.open = () => require('another-database')",
  })
  const { status, stderr } = await runLambdabin(['build', 'imports.ts'], { cwd })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /imports\.ts cannot be bundled, one error:\n\n.* Could not resolve "@functions\/approvals/,
  )
  assert.match(
    stderr.replaceAll(/\s+/g, ' '),
    /@functions\/\* is among the paths of tsconfig\.json, and no module is at src\/approvals\/service/,
  )
  assert.doesNotMatch(stderr, /another-database|npm install/)
})

test('a package of the workspace that was not built is told as that, with the condition that has its sources', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, {
    'node_modules/core/package.json': {
      exports: {
        '.': { '@shop/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
      },
    },
    'node_modules/core/src/index.ts': 'export const name: string = "core"',
    'imports.ts': `import { name } from 'core'\nexport const handler = async () => name`,
  })
  const { status, stderr } = await runLambdabin(['build', 'imports.ts'], { cwd })
  assert.equal(status, 1)
  const told = stderr.replaceAll(/\s+/g, ' ')
  assert.match(
    told,
    /core is installed, and has no \.\/dist\/index\.js: build it, or take \.\/src\/index\.ts with --conditions @shop\/source/,
  )
  assert.equal(
    (await runLambdabin(['build', 'imports.ts', '--conditions', '@shop/source'], { cwd })).status,
    0,
  )
})

test('one that has its main file only is told as that, once, with how often it is imported', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, {
    'packages/core/package.json': { name: 'core', main: 'dist/index.js' },
    'packages/core/src/index.ts': 'export const name: string = "core"',
    'packages/data/package.json': { name: 'data', main: 'index.ts' },
    // Found from where it is imported, which the entry is not.
    'packages/data/node_modules/log/package.json': { name: 'log', main: './build/log.js' },
    'packages/data/index.ts': `import { log } from 'log'\nexport const load = () => log('loaded')`,
    'users.ts': `import { name } from 'core'\nexport const users = [name]`,
    'roles.ts': `import { name } from 'core'\nexport const roles = [name]`,
    'imports.ts': `import { name } from 'core'
      import { load } from 'data'
      import { users } from './users.ts'
      import { roles } from './roles.ts'
      export const handler = async () => [name, users, roles, load()]`,
  })
  mkdirSync(join(cwd, 'node_modules'), { recursive: true })
  for (const name of ['core', 'data']) {
    symlinkSync(`../packages/${name}`, join(cwd, 'node_modules', name))
  }
  const { status, stderr } = await runLambdabin(['build', 'imports.ts'], { cwd })
  assert.equal(status, 1)
  const told = stderr.replaceAll(/\s+/g, ' ')
  assert.match(told, /imports\.ts cannot be bundled, 2 errors:/)
  assert.match(
    told,
    /The package core is installed, and has no dist\/index\.js: build it It is imported in 2 more places ✘/,
  )
  assert.match(told, /The package log is installed, and has no \.\/build\/log\.js: build it/)
  assert.doesNotMatch(told, /npm install/)
})

test('a package that is installed and has nothing of a path is told as that', async (t) => {
  const cwd = project(t)
  writeFiles(cwd, {
    'node_modules/exporting/package.json': { name: 'exporting', exports: { '.': './index.js' } },
    'node_modules/exporting/index.js': '',
    'node_modules/plain/package.json': { name: 'plain' },
    'node_modules/plain/index.js': '',
    'imports.ts': `import a from 'exporting/v4'
      import b from 'plain/lib/v4'
      export const handler = async () => [a, b]`,
  })
  const { status, stderr } = await runLambdabin(['build', 'imports.ts'], { cwd })
  assert.equal(status, 1)
  assert.match(stderr, /The path ".\/v4" is not exported by package "exporting"/)
  assert.match(stderr, /^ {2}The package plain is installed, and has no lib\/v4$/m)
  assert.doesNotMatch(stderr, /not installed|mark the path/)
})
