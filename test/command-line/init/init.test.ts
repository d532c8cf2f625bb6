import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { planBuild } from '../../../src/api/build.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const HANDLER = 'export const handler = async () => 1\n'
const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

function filesOf(folder: string): Record<string, string> {
  const names = globSync('{**/*,.gitignore}', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
}

async function init(cwd: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await runLambdabin(['init', ...args], { cwd, env })
  assert.equal(status, 0, stderr)
  return stdout
}

/** As a package manager would: this repository in place of the published package. */
function install(project: string): void {
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, '@types'), { recursive: true })
  symlinkSync(ROOT, join(modules, 'lambdabin'))
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(modules, '@types/node'))
}

function run(t: TestContext, project: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=lambdabin-source', ...args], {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_OPTIONS: '--conditions=lambdabin-source' },
    timeout: 180_000,
  })
  t.diagnostic(args.join(' '))
  assert.equal(status, 0, stdout + stderr)
}

test('in an empty folder, a project is written that builds, and passes its test', async (t) => {
  const folder = temporaryFolder(t)
  const stdout = await init(folder, ['shop', '--name', 'greet'])
  assert.match(
    stdout,
    /src\/greet\/index\.ts +written\n[\s\S]*\n {2}cd shop\n {2}npm install\n {2}npm run build\n {2}npm run test\n/,
  )
  const project = join(folder, 'shop')
  const files = filesOf(project)
  assert.deepEqual(Object.keys(files), [
    '.gitignore',
    'lambdabin.config.ts',
    'package.json',
    'src/greet/index.ts',
    'test/greet.test.ts',
    'tsconfig.json',
  ])
  const manifest = JSON.parse(files['package.json'] ?? '')
  assert.deepEqual(
    [manifest.name, manifest.type, manifest.scripts.build],
    ['shop', 'module', 'lambdabin build'],
  )
  assert.deepEqual(manifest.devDependencies, {
    '@types/node': own.devDependencies['@types/node'],
    lambdabin: `^${own.version}`,
    typescript: own.devDependencies.typescript,
  })

  install(project)
  run(t, project, [join(ROOT, 'src/cli.ts'), 'build'])
  run(t, project, ['--test'])
})

test('where the project’s own script build does something else, the next step is not to run that', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': { scripts: { build: 'tsc', test: 'jest' } },
  })
  assert.match(await init(folder), /\n {2}npm install\n {2}npx lambdabin build\n {2}npm run test\n/)
  writeFiles(folder, { 'package.json': { scripts: { build: 'tsc && lambdabin build' } } })
  assert.match(await init(folder), /\n {2}npm run build\n/)
})

test('nothing is overwritten, and a second time changes nothing', async (t) => {
  const files = {
    'package.json': `{
    "name": "mine",
    "scripts": { "test": "my own", "lint": "eslint" },
    "devDependencies": { "typescript": "5.9.0", "vitest": "4.0.0" }
}
`,
    'tsconfig.json': '{}',
    '.gitignore': 'mine\n',
    'pnpm-lock.yaml': '',
  }
  const folder = writeFiles(temporaryFolder(t), files)
  const stdout = await init(folder)
  assert.match(stdout, /package\.json +completed\n/)
  assert.match(stdout, /tsconfig\.json +kept as it is\n/)
  assert.match(stdout, /\n {2}pnpm install\n/)
  const after = filesOf(folder)
  for (const name of ['tsconfig.json', '.gitignore', 'pnpm-lock.yaml'] as const) {
    assert.equal(after[name], files[name])
  }
  const text = after['package.json'] ?? ''
  assert.match(text, /^\{\n {4}"name": "mine",\n {4}"scripts": \{\n {8}"build": "lambdabin build",\n/)
  const { scripts, devDependencies, ...rest } = JSON.parse(text)
  assert.deepEqual(rest, { name: 'mine' })
  assert.deepEqual([scripts.test, scripts.lint], ['my own', 'eslint'])
  assert.deepEqual([devDependencies.typescript, devDependencies.vitest], ['5.9.0', '4.0.0'])
  assert.match(after['test/hello.test.ts'] ?? '', /from 'vitest'/)

  assert.doesNotMatch(await init(folder), /written|completed/)
  assert.deepEqual(filesOf(folder), after)
})

test('what npm init has written is no test yet, and its CommonJS gets a module for one', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {
      name: 'mine',
      type: 'commonjs',
      scripts: { test: 'echo "Error: no test specified" && exit 1' },
    },
  })
  await init(folder)
  const files = filesOf(folder)
  assert.equal(JSON.parse(files['package.json'] ?? '').scripts.test, 'node --test')
  assert.match(files['test/hello.test.mts'] ?? '', /from 'node:test'/)
  assert.equal(files['test/hello.test.ts'], undefined)
})

for (const [types, imports] of [
  [{}, /^import \{ expect, test \} from '@jest\/globals'\n/],
  [{ '@types/jest': '30.0.0' }, /^import \{ execFileSync \} from 'node:child_process'\n\nfunction/],
] as const) {
  test(`a project with Jest gets a test for it${Object.keys(types).map((name) => `, with ${name}`)}`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), {
      'package.json': { name: 'mine', devDependencies: { jest: '30.0.0', ...types } },
    })
    await init(folder)
    const files = filesOf(folder)
    assert.equal(JSON.parse(files['package.json'] ?? '').scripts.test, 'jest')
    assert.match(files['test/hello.test.ts'] ?? '', imports)
    assert.doesNotMatch(files['test/hello.test.ts'] ?? '', /node:test|lambdabin\/api/)
  })
}

test('where there are functions or a configuration, they are the project’s', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'src/functions/orders.ts': HANDLER,
  })
  await init(folder, [], { npm_config_user_agent: 'yarn/4.18.1 npm/? node/v24' })
  const files = filesOf(folder)
  assert.deepEqual(
    Object.keys(files).filter((name) => name.startsWith('src')),
    ['src/functions/orders.ts'],
  )
  assert.match(files['lambdabin.config.ts'] ?? '', /functions: 'src\/functions\/\*\.ts'/)

  const other = writeFiles(temporaryFolder(t), { 'lambdabin.config.json': { functions: 'src/*/index.ts' } })
  await init(other)
  assert.ok(!Object.keys(filesOf(other)).includes('lambdabin.config.ts'))
})

/** What a build there is for: the name and the entry of each. */
async function plannedFunctions(folder: string): Promise<[name: string, entry: string][]> {
  const { functions } = await planBuild({ cwd: folder })
  return functions.map(({ name, entry }) => [name, entry.slice(folder.length + 1)])
}

test('functions that are elsewhere are named in the configuration, by what they export, and no other is written', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'services/users/src/token/index.ts': HANDLER,
    'src/shared/index.ts': 'export const shared = 1\n',
    'services/api/src/health-check.ts': 'export async function lambdaHandler() {}\n',
    'services/api/src/list.ts': 'const first = async () => 1\nexport {\n  other,\n  first as handler,\n}\n',
    'services/api/src/keeps.ts': 'export { handler as kept }\n',
    'services/api/src/keys.ts': 'export const keys = 1\n',
    'services/users/src/token/index.test.ts': HANDLER,
    'services/mail/src/handler.js': 'exports.handler = async () => 1\n',
    'services/mail/dist/handler.js': 'exports.handler = async () => 1\n',
    'services/mail/node_modules/other/index.js': 'exports.handler = async () => 1\n',
    'services/other/token.ts': HANDLER,
  })
  assert.doesNotMatch(await init(folder), /src\/hello/)
  assert.deepEqual(await plannedFunctions(folder), [
    ['health-check', 'services/api/src/health-check.ts'],
    ['list', 'services/api/src/list.ts'],
    ['mail', 'services/mail/src/handler.js'],
    ['other-token', 'services/other/token.ts'],
    ['users-token', 'services/users/src/token/index.ts'],
  ])
})

test('functions that a CommonJS module lists are found, those in a comment are not, and each has a name that it can have', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'services/listed.js': 'const handler = async () => 1\nmodule.exports = {\n  a: 1,\n  handler,\n}\n',
    'services/path.js': "module.exports = { handler: 'src/a.handler' }\n",
    'services/idle.ts': `/*\n${HANDLER}*/\nexport const idle = 1\n`,
    'services/été (1).ts': HANDLER,
    'services/日本.ts': HANDLER,
  })
  await init(folder)
  assert.deepEqual(await plannedFunctions(folder), [
    ['ete-1', 'services/été (1).ts'],
    ['function', 'services/日本.ts'],
    ['listed', 'services/listed.js'],
  ])
})

test('below a project, the folder gets a configuration of its own, unless the one further up finds what is in it', async (t) => {
  for (const more of [{}, { '.git/HEAD': '' }]) {
    const folder = writeFiles(temporaryFolder(t), { ...more, 'src/hello/index.ts': HANDLER })
    await init(folder)
    const outer = filesOf(folder)
    const stdout = await init(folder, ['inner'])
    assert.match(stdout, /^ {2}package\.json +written\n {2}lambdabin\.config\.ts +written\n/)
    const after = filesOf(folder)
    assert.deepEqual(Object.fromEntries(Object.keys(outer).map((name) => [name, after[name]])), outer)
    const names = Object.keys(after).filter((name) => name.startsWith('inner/'))
    assert.deepEqual(
      names.filter((name) => /config\.ts$|src/.test(name)),
      ['inner/lambdabin.config.ts', 'inner/src/hello/index.ts'],
    )
    const { functions } = await planBuild({ cwd: join(folder, 'inner') })
    assert.deepEqual(
      functions.map(({ entry }) => entry),
      [join(folder, 'inner/src/hello/index.ts')],
    )
  }

  const root = writeFiles(temporaryFolder(t), {
    'package.json': { workspaces: ['packages/*'] },
    'lambdabin.config.json': { functions: 'packages/*/src/*/index.ts' },
  })
  await init(root, ['packages/shop'])
  assert.ok(!Object.keys(filesOf(root)).includes('packages/shop/lambdabin.config.ts'))
  const broken = writeFiles(temporaryFolder(t), { '.git/HEAD': '', 'lambdabin.config.json': '{' })
  await init(broken, ['shop'])
  assert.ok(Object.keys(filesOf(broken)).includes('shop/lambdabin.config.ts'))
})

test('what cannot be is told in a sentence, and nothing is written', async (t) => {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': '{ "name": ', file: '' })
  for (const [args, message] of [
    [['a', 'b'], /^lambdabin: init takes one folder, and 2 were given; see lambdabin init --help\n$/],
    [['a', '--name', 'a.b'], /^lambdabin: a function's name .*"a\.b" has a dot/],
    [[], /^lambdabin: expected JSON in \S+package\.json, and it is not \(.*\); mend it\n$/],
    [['file'], /^lambdabin: \S+file\S* cannot be read \(ENOTDIR\); check what it is\n$/],
  ] as const) {
    const { status, stdout, stderr } = await runLambdabin(['init', ...args], { cwd: folder })
    assert.match(stderr, message)
    assert.deepEqual([status === 0, stdout], [false, ''])
  }
  assert.deepEqual(Object.keys(filesOf(folder)), ['file', 'package.json'])
})

for (const [what, args, prepare, place, code] of [
  ['one that cannot be made', ['/proc/shop'], () => {}, '/proc/shop', 'ENOENT'],
  ['one with a file called src', [], (folder: string) => writeFiles(folder, { src: '' }), 'src', 'EEXIST'],
  [
    'one whose package.json cannot be written',
    [],
    (folder: string) => symlinkSync('/proc/gone', join(folder, 'package.json')),
    'package.json',
    'ENOENT',
  ],
] as const) {
  test(`a folder that no project can be written into is told in a sentence, and nothing is written: ${what}`, async (t) => {
    const folder = temporaryFolder(t)
    prepare(folder)
    const before = filesOf(folder)
    const { status, stderr } = await runLambdabin(['init', ...args], { cwd: folder })
    assert.equal(
      stderr,
      `lambdabin: init expects a folder that it can write a project into, and ${resolve(realpathSync(folder), place)} cannot be made or written (${code}); nothing was written: see what is there, or name another folder\n`,
    )
    assert.equal(status, 2)
    assert.deepEqual(filesOf(folder), before)
  })
}
