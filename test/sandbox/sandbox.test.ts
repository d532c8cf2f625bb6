import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findSandbox } from '../../src/sandbox/find-sandbox.ts'
import type { OpenSandbox, SandboxView } from '../../src/sandbox/sandbox.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'
import { runInSandbox } from '../support/sandboxed-shell.ts'

interface Opened {
  sandbox: OpenSandbox
  folder: string
}

/** Folders in `parent`: a task root, a layer's files and the rest. Undefined where the system has no such sandbox. */
async function open(
  context: TestContext,
  kind: 'mount namespace' | 'module confinement',
  parent = temporaryFolder(context),
  more: Partial<SandboxView> = {},
): Promise<Opened | undefined> {
  const folder = realpathSync(parent)
  writeFiles(folder, { 'task/file.txt': 'of the task', 'layers/nodejs/file.txt': 'of a layer' })
  mkdirSync(join(folder, 'tmp'))
  mkdirSync(join(folder, 'work'))
  const found = findSandbox(folder, kind === 'module confinement' ? 'modules' : '')
  if (found.kind !== kind) {
    context.skip('this machine allows no mount namespaces')
    return undefined
  }
  const sandbox = await found.open({
    taskRoot: join(folder, 'task'),
    layersFolder: join(folder, 'layers'),
    temporaryFolder: join(folder, 'tmp'),
    workFolder: join(folder, 'work'),
    ...more,
  })
  return { sandbox, folder }
}

function madeFolder(parent: string, name: string): string {
  mkdirSync(join(parent, name))
  return join(parent, name)
}

test('a function sees its package at /var/task, its layers at /opt, and a /tmp of its own', async (context) => {
  const opened = await open(context, 'mount namespace')
  if (opened !== undefined) {
    const { stdout } = runInSandbox(
      opened.sandbox,
      'pwd; cat /var/task/file.txt; echo; cat /opt/nodejs/file.txt; echo; ls -A /tmp',
    )
    assert.equal(stdout, '/var/task\nof the task\nof a layer')
  }
})

test('only /tmp can be written to', async (context) => {
  const opened = await open(context, 'mount namespace')
  if (opened === undefined) {
    return
  }
  const { sandbox, folder } = opened
  const script =
    'for place in /tmp /var/task /var /opt "$HERE" /usr /root; do touch $place/written 2>/dev/null && echo $place; done'
  assert.equal(runInSandbox(sandbox, script, { HERE: process.cwd() }).stdout, '/tmp')
  assert.deepEqual(readdirSync(join(folder, 'tmp')), ['written'])
})

for (const place of ['/var/tmp', '/opt', '/tmp', '/dev/shm']) {
  test(`what a sandbox needs may itself lie in ${place}`, async (context) => {
    const parent = join(place, `lambdabin-test-${process.pid}`)
    try {
      mkdirSync(parent)
    } catch {
      return context.skip(`nothing can be written to ${place}`)
    }
    context.after(() => spawnSync('rm', ['-rf', parent]))
    const opened = await open(context, 'mount namespace', parent)
    if (opened !== undefined) {
      const { stdout } = runInSandbox(opened.sandbox, 'cat file.txt; touch /tmp/x; ls /tmp /opt')
      assert.equal(stdout, 'of the task/opt:\nnodejs\n\n/tmp:\nx')
    }
  })
}

test('names with spaces, quotes and backslashes are no trouble', async (context) => {
  const parent = join(temporaryFolder(context), `a 'folder' "with" \\040 #such\tnames`)
  mkdirSync(parent)
  for (const kind of ['mount namespace', 'module confinement'] as const) {
    const opened = await open(context, kind, madeFolder(parent, kind))
    assert.equal(opened && runInSandbox(opened.sandbox, 'cat file.txt').stdout, 'of the task')
  }
})

test('variables of the dynamic linker reach the program, and not what mounts', async (context) => {
  const opened = await open(context, 'mount namespace')
  if (opened !== undefined) {
    const { stdout, stderr } = runInSandbox(opened.sandbox, 'echo "$LD_LIBRARY_PATH"', {
      LD_LIBRARY_PATH: "/it's mine",
    })
    assert.equal(stdout, "/it's mine")
    assert.equal(stderr, '')
  }
})

test('the program has the user, the process id and the exit status that it would have had', async (context) => {
  const opened = await open(context, 'mount namespace')
  if (opened !== undefined) {
    const { command, parameters, cwd } = opened.sandbox.command('/bin/sh', ['-c', 'id -u; echo $$; exit 7'])
    const { stdout, status, pid } = spawnSync(command, parameters, { cwd, encoding: 'utf8' })
    assert.equal(stdout, `${process.geteuid?.()}\n${pid}\n`)
    assert.equal(status, 7)
  }
})

test('nothing of it shows on the machine, and its folders can be deleted while it runs', async (context) => {
  const opened = await open(context, 'mount namespace')
  if (opened === undefined) {
    return
  }
  const { sandbox, folder } = opened
  const { status } = runInSandbox(sandbox, 'cat /proc/1/mountinfo >/dev/null; exit 0')
  assert.equal(status, 0)
  const mounts = spawnSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' }).stdout
  assert.ok(!mounts.includes(folder))
  const written = '/run/mount/utab'
  assert.ok(
    !existsSync(written) || !spawnSync('cat', [written], { encoding: 'utf8' }).stdout.includes(folder),
  )
})

const RESOLVE = `
const { createRequire } = require('node:module')
const { Worker } = require('node:worker_threads')
const { spawnSync } = require('node:child_process')
const tell = (error) => error.code + ': ' + error.message.split('\\n')[0]
const attempt = (load) => { try { return load() } catch (error) { return tell(error) } }
const inWorker = () => new Promise((resolve) => new Worker(
  "const { parentPort } = require('node:worker_threads'); let found; try { found = require(process.cwd() + '/by-require.cjs') } catch (e) { found = e.code } parentPort.postMessage(found)",
  { eval: true }).on('message', resolve).on('error', (error) => resolve(tell(error))))
;(async () => {
  const found = {
    require: attempt(() => require(['in-the', 'project'].join('-'))),
    createRequire: attempt(() => createRequire(process.cwd() + '/x.js')('in-the-project')),
    resolve: attempt(() => require.resolve('in-the-project')),
    import: await import(['in-the', 'project'].join('-')).then(() => 'found', tell),
    shipped: attempt(() => require('shipped')),
    shippedModule: await import('shipped-module').then(() => 'found', tell),
    layer: attempt(() => require('of-a-layer')),
    own: attempt(() => require('own')),
    worker: await inWorker(),
    child: spawnSync(process.execPath, ['-p', "try { require('in-the-project') } catch (e) { e.code }"]).stdout.toString().trim(),
    climbs: attempt(() => require('../../node_modules/in-the-project')),
  }
  process.stdout.write(JSON.stringify(found))
})()
`

for (const kind of ['mount namespace', 'module confinement'] as const) {
  test(`${kind}: modules come from the task root and the layers, and not from the project around them`, async (context) => {
    const project = temporaryFolder(context)
    writeFiles(project, {
      'node_modules/in-the-project/index.js': 'module.exports = "found"',
      // It stands in front of the layer's for whoever looks upwards.
      'node_modules/of-a-layer/index.js': 'module.exports = "the project’s"',
      'dist/layers/nodejs/node_modules/of-a-layer/index.js': 'module.exports = "the layer’s"',
      'dist/task/node_modules/own/index.js': 'module.exports = "found"',
      'dist/task/node_modules/shipped/index.js': 'require("in-the-project")',
      'dist/task/node_modules/shipped-module/package.json': { type: 'module', main: 'index.js' },
      'dist/task/node_modules/shipped-module/index.js': 'import "in-the-project"',
      'dist/task/by-require.cjs': 'require("in-the-project"); module.exports = "found"',
      'dist/task/main.cjs': RESOLVE,
    })
    const node = join(process.execPath, '..')
    chmodSync(project, 0o755)
    const opened = await open(context, kind, join(project, 'dist'), {
      binds: [{ source: node, target: '/var/lang/bin' }],
    })
    if (opened === undefined) {
      return
    }
    const { sandbox } = opened
    const program = `exec '${sandbox.seen(process.execPath)}' main.cjs`
    const { stdout, stderr } = runInSandbox(sandbox, program, {
      NODE_PATH: `${sandbox.layersFolder}/nodejs/node_modules`,
    })
    assert.ok(stdout.startsWith('{'), stderr)
    assert.deepEqual(JSON.parse(stdout), {
      require: "MODULE_NOT_FOUND: Cannot find module 'in-the-project'",
      createRequire: "MODULE_NOT_FOUND: Cannot find module 'in-the-project'",
      resolve: "MODULE_NOT_FOUND: Cannot find module 'in-the-project'",
      import: `ERR_MODULE_NOT_FOUND: Cannot find package 'in-the-project' imported from ${sandbox.taskRoot}/main.cjs`,
      shipped: "MODULE_NOT_FOUND: Cannot find module 'in-the-project'",
      shippedModule: `ERR_MODULE_NOT_FOUND: Cannot find package 'in-the-project' imported from ${sandbox.taskRoot}/node_modules/shipped-module/index.js`,
      layer: 'the layer’s',
      own: 'found',
      worker: 'MODULE_NOT_FOUND',
      child: 'MODULE_NOT_FOUND',
      climbs: "MODULE_NOT_FOUND: Cannot find module '../../node_modules/in-the-project'",
    })
  })
}
