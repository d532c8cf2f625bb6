/** `lambdabin build --docker` up to the engine: a program that has docker's command line stands in for that. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { eventually } from '../../support/eventually.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const FAKE = fileURLToPath(new URL('../../fixtures/docker/fake-docker.mjs', import.meta.url))
const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt'

function setUp(t: TestContext) {
  const folder = realpathSync(temporaryFolder(t))
  const project = writeFiles(join(folder, 'shop, ü'), {
    'package.json': {},
    'src/orders.ts': 'export const handler = async () => 1\n',
    'event.json': '{}',
  })
  mkdirSync(join(folder, 'engine'))
  const env = {
    ...{ LAMBDABIN_DOCKER: FAKE, FAKE_DOCKER_FOLDER: join(folder, 'engine'), HOME: folder },
    ...{ NODE_EXTRA_CA_CERTS: '', NPM_CONFIG_USERCONFIG: '', npm_config_userconfig: '' },
    ...{ NODE_X64_MIRROR: '', NODE_X64_SHA256: '', NODE_ARM64_MIRROR: '', NODE_ARM64_SHA256: '' },
    ...{ HTTP_PROXY: '', NO_PROXY: '', http_proxy: '', https_proxy: '', no_proxy: '' },
    ...{ NPM_CONFIG_REGISTRY: '', npm_config_registry: '', HTTPS_PROXY: 'http://proxy.example:3128' },
  }
  const calls = (): string[][] =>
    readFileSync(join(folder, 'engine/calls.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const build = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    runLambdabin(['build', ...args, '--docker'], { cwd: project, env: { ...env, ...more } })
  return { folder, project, env, calls, build }
}

/** Values of an option that may be repeated. */
const valuesOf = (words: readonly string[], option: string) =>
  words.flatMap((word, index) => (words[index - 1] === option ? [word] : []))

test('the project is mounted not to be written to, the output folder for writing, each at its own path', async (t) => {
  const { project, calls, build } = setUp(t)
  const { status, stdout } = await build(['src/orders.ts', '--event', 'event.json', '--json'])
  assert.equal(status, 0)
  assert.equal(stdout, '{"functions":[]}\n', 'what the engine says as it builds is on stderr')
  const run = calls().find(([first]) => first === 'run') ?? []
  assert.deepEqual(valuesOf(run, '--mount').slice(0, 3), [
    `type=bind,"source=${project}","target=${project}",readonly=true`,
    `type=bind,"source=${project}/dist","target=${project}/dist"`,
    'type=volume,source=lambdabin-cache,target=/lambdabin/cache',
  ])
  assert.deepEqual(valuesOf(run, '--workdir'), [project])
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))
  const image = run.indexOf(`lambdabin:${version}`)
  assert.deepEqual(run.slice(image + 1), ['build', 'src/orders.ts', '--event=event.json', '--json'])
  assert.ok(valuesOf(run, '--env').includes('HTTPS_PROXY'), 'by its name: others can read arguments')
  assert.ok(!existsSync(join(project, 'dist')), 'a folder that nothing was written to goes')
})

test('the image is made once, of what lambdabin is, and anew for another Node.js', async (t) => {
  const { calls, build } = setUp(t)
  const builds = () => calls().filter(([first]) => first === 'build')
  const first = await build(['src/orders.ts'])
  assert.match(first.stderr, /making the image lambdabin:\S+ with \S+, once/)
  const second = await build(['src/orders.ts'])
  assert.doesNotMatch(second.stderr, /making the image/)
  assert.equal(builds().length, 1)
  assert.deepEqual(valuesOf(builds()[0] ?? [], '--platform'), ['linux/amd64'])
  assert.deepEqual(valuesOf(builds()[0] ?? [], '--build-arg'), ['HTTPS_PROXY'])
  await build(['src/orders.ts'], { NODE_VERSION: '24.0.0' })
  assert.equal(builds().length, 1, 'the official image of Node.js sets it, and means nothing by it')
  await build(['src/orders.ts'], { NODE_VERSION: '24.0.0', NODE_X64_SHA256: 'ab' })
  assert.deepEqual(valuesOf(builds()[1] ?? [], '--build-arg'), [
    'NODE_VERSION',
    'NODE_X64_SHA256',
    'HTTPS_PROXY',
  ])
})

test('the build’s exit status is the command’s', async (t) => {
  const { build } = setUp(t)
  assert.equal((await build(['src/orders.ts'], { FAKE_DOCKER: '1' })).status, 1)
  assert.equal((await build(['src/orders.ts'], { FAKE_DOCKER: '2' })).status, 2)
})

test('wrong usage is told before any image is made', async (t) => {
  const { folder, build } = setUp(t)
  const { status, stderr } = await build(['src/none.ts'])
  assert.equal(status, 2)
  assert.match(
    stderr,
    /^lambdabin: expected the file of a function, and src\/none\.ts cannot be read; check the path\n$/,
  )
  assert.equal((await build(['src/orders.ts', '--zip', 'best'])).status, 2)
  assert.ok(!existsSync(join(folder, 'engine/calls.jsonl')))
})

test('an engine that does not answer, or is not there, is told with what to do', async (t) => {
  const { build } = setUp(t)
  const silent = await build(['src/orders.ts'], { FAKE_DOCKER: 'no engine' })
  assert.equal(silent.status, 1)
  assert.match(
    silent.stderr,
    /is installed, and its engine does not answer \(Cannot connect .*\); start Docker Desktop/,
  )
  const missing = await build(['src/orders.ts'], { LAMBDABIN_DOCKER: '/nowhere/docker' })
  assert.equal(missing.status, 1)
  assert.match(
    missing.stderr,
    /LAMBDABIN_DOCKER names the program \/nowhere\/docker, which could not be started/,
  )
})

test('an image that cannot be made ends it with status 1, and the engine has said why', async (t) => {
  const { build } = setUp(t)
  const { status, stderr } = await build(['src/orders.ts'], { FAKE_DOCKER: 'no image' })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /what the engine says as it builds\nlambdabin: \S+ could not make the image .* \(exit status 1\)/,
  )
})

test('an output folder that holds the project is refused first, and one that is the project is written to', async (t) => {
  const { folder, project, calls, build } = setUp(t)
  const { status, stderr } = await build(['src/orders.ts', '--out-dir', '..'])
  assert.equal(status, 2)
  assert.match(
    stderr,
    /--docker expects an --out-dir that does not hold the project, and got .*; give a folder in it/,
  )
  assert.ok(!existsSync(join(folder, 'engine/calls.jsonl')), 'no engine was asked, and no image made')
  await build(['src/orders.ts', '--out-dir', '.'])
  const run = calls().find(([first]) => first === 'run') ?? []
  assert.equal(valuesOf(run, '--mount')[0], `type=bind,"source=${project}","target=${project}"`)
})

test('what options name outside of the project can be read', async (t) => {
  const { folder, calls, build } = setUp(t)
  const names = ['stubs/a.yaml', 'events/a.json', 'shims/a.ts', 'settings/tsconfig.json', 'aliases/a.ts']
  writeFiles(folder, {
    ...Object.fromEntries(names.map((name) => [name, ''])),
    ...{ 'events/a.json': {}, 'settings/tsconfig.json': {}, 'packages/a/package.json': {} },
  })
  const { status, stderr } = await build([
    ...['src/orders.ts', '--stub', '../stubs/a.yaml', '--event', '../events/a.json'],
    ...['--inject', '../shims/a.ts', '--tsconfig', '../settings/tsconfig.json'],
    ...['--node-paths', '../packages', '--alias', 'a=../aliases/a.ts', '--inject', '../nowhere/a.ts'],
  ])
  assert.equal(status, 0, stderr)
  const mounts = valuesOf(calls().find(([first]) => first === 'run') ?? [], '--mount')
  for (const name of ['stubs', 'events', 'shims', 'settings', 'packages', 'aliases']) {
    const place = join(folder, name)
    assert.ok(mounts.includes(`type=bind,source=${place},target=${place},readonly=true`), mounts.join('\n'))
  }
  assert.ok(
    !mounts.some((mount) => mount.includes('nowhere')),
    'what is not there is for the build to refuse',
  )
})

test('the files of budgets can be written to, and nothing else of their folders', async (t) => {
  const { folder, project, calls, build } = setUp(t)
  const [kept, summary] = [join(project, 'lambdabin.budget.json'), join(folder, 'summary.md')]
  const args = ['src/orders.ts', '--budget', 'zip=60MB', '--budget-summary', '../summary.md']
  const { status, stderr } = await build(args, { FAKE_DOCKER_WRITES: summary })
  assert.equal(status, 0, stderr)
  const mounts = valuesOf(calls().find(([first]) => first === 'run') ?? [], '--mount')
  assert.ok(mounts.includes(`type=bind,"source=${kept}","target=${kept}"`), mounts.join('\n'))
  assert.ok(mounts.includes(`type=bind,source=${summary},target=${summary}`), mounts.join('\n'))
  assert.ok(!mounts.some((mount) => mount.includes(`source=${folder},`)))
  assert.equal(readFileSync(summary, 'utf8'), 'written in the container')
  assert.ok(!existsSync(kept), 'a file that nothing was written to goes')
})

test('files of budgets in the output folder need no room of their own, and without a budget there is none', async (t) => {
  const { project, calls, build } = setUp(t)
  await build(['src/orders.ts', '--budget-summary', 'dist/summary.md'])
  const mounts = valuesOf(calls().find(([first]) => first === 'run') ?? [], '--mount')
  assert.ok(!mounts.some((mount) => /summary|budget/.test(mount)), mounts.join('\n'))
  assert.ok(!existsSync(join(project, 'dist')))
})

test('a file of budgets that cannot be written to ends it with what to do, and nothing is left', async (t) => {
  const { project, calls, build } = setUp(t)
  const { status, stderr } = await build(['src/orders.ts', '--budget-summary', 'gone/summary.md'])
  assert.equal(status, 1)
  assert.match(
    stderr,
    /lambdabin: the build expects to write to the file .*gone\/summary\.md, and cannot; look whether its folder is there/,
  )
  assert.ok(!calls().some(([first]) => first === 'run'))
  assert.ok(!existsSync(join(project, 'dist')))
})

test('certificates of the network’s own reach the image and the container', {
  skip: !existsSync(CERTIFICATES) && `there is no ${CERTIFICATES}`,
}, async (t) => {
  const { calls, build } = setUp(t)
  await build(['src/orders.ts'], { NODE_EXTRA_CA_CERTS: CERTIFICATES })
  const run = calls().find(([first]) => first === 'run') ?? []
  const target = '/lambdabin/extra-ca-certificates.pem'
  assert.ok(
    valuesOf(run, '--mount').includes(`type=bind,source=${CERTIFICATES},target=${target},readonly=true`),
  )
  assert.ok(valuesOf(run, '--env').includes(`NODE_EXTRA_CA_CERTS=${target}`))
})

test('a signal ends the container, and then the command by the same signal', async (t) => {
  const { folder, project, env, calls } = setUp(t)
  const child = spawn(process.execPath, [CLI, 'build', 'src/orders.ts', '--docker'], {
    cwd: project,
    env: { ...process.env, ...env, FAKE_DOCKER: 'waits' },
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  await eventually(() => existsSync(join(folder, 'engine/runs')), 'the container runs')
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [null, 'SIGTERM'])
  const [name] = valuesOf(calls().find(([first]) => first === 'run') ?? [], '--name')
  assert.deepEqual(calls().at(-1), ['rm', '--force', name])
  assert.ok(!existsSync(join(project, 'dist')))
})
