import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ExecutionEnvironment } from '../../../../src/emulator/environments/execution-environment.ts'
import {
  type CgroupHome,
  EnvironmentCgroup,
  findCgroups,
  removeCgroups,
} from '../../../../src/emulator/environments/resources/cgroup.ts'
import { createInvocation } from '../../../../src/runtime-api/invocation.ts'
import { fixturePackage, temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { fixtureSandbox } from '../../../support/emulator/fixture-sandbox.ts'
import { writeFiles } from '../../../support/projects/files.ts'

function cgroupsOrSkip(context: TestContext): CgroupHome | undefined {
  try {
    const home = findCgroups()
    context.after(() => {
      removeCgroups(home)
      assert.equal(existsSync(home.cpu), false, 'nothing is left behind')
    })
    return home
  } catch (error) {
    context.skip(String(error))
    return undefined
  }
}

async function invokeWith(
  context: TestContext,
  cgroups: CgroupHome | undefined,
  memorySizeMb: number,
  event: object,
) {
  const workFolder = temporaryFolder(context)
  const environment = await ExecutionEnvironment.create({
    functionName: 'misbehaving',
    version: '$LATEST',
    handler: 'misbehaving',
    memorySizeMb,
    region: 'us-east-1',
    environment: {},
    taskRoot: fixturePackage(workFolder),
    workFolder,
    sandbox: fixtureSandbox(workFolder),
    cgroups,
    timeoutMs: 60_000,
    initTimeoutMs: 60_000,
    log: () => {},
  })
  try {
    await environment.init()
    const { outcome, done } = environment.invoke(createInvocation(Buffer.from(JSON.stringify(event)), 'arn'))
    const result = await outcome
    return { body: result.kind === 'stream' ? '' : result.body.toString(), ...(await done) }
  } finally {
    await environment.shutdown()
  }
}

test('with 128 MB, 50 ms of CPU take 600 to 800 ms; without a share, 50', async (context) => {
  const cgroups = cgroupsOrSkip(context)
  if (cgroups === undefined) {
    return
  }
  const busy = { do: 'burn CPU', ms: 50 }
  const shared = await invokeWith(context, cgroups, 128, busy)
  const alone = await invokeWith(context, undefined, 128, busy)
  context.diagnostic(
    `${shared.durationMs.toFixed(0)} ms with a share, ${alone.durationMs.toFixed(0)} ms without`,
  )
  // The runtime's own work is some milliseconds of CPU besides; other work of this machine makes both later, never earlier.
  assert.ok(shared.durationMs > 600, `${shared.durationMs} ms`)
  assert.ok(alone.durationMs < shared.durationMs / 2, `${alone.durationMs} ms`)
})

test('the kernel ends what uses more than its memory', async (context) => {
  const cgroups = cgroupsOrSkip(context)
  if (cgroups === undefined || cgroups.memory === undefined) {
    return context.skip('memory cannot be limited here')
  }
  const { body } = await invokeWith(context, cgroups, 256, { do: 'hold memory', bytes: 600 * 1024 * 1024 })
  assert.match(body, /Runtime\.ExitError.*signal: killed/)
})

test('version 2: a group has the share of its memory, a whole CPU in the init phase, and its limit of memory', (context) => {
  const home = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  context.after(() => rmSync(home, { recursive: true, force: true }))
  const group = new EnvironmentCgroup({ version: 2, cpu: home, memory: home }, 'one', 128)
  const read = (file: string) => readFileSync(join(home, 'one', file), 'utf8')
  assert.deepEqual(group.files, [join(home, 'one/cgroup.procs')])
  assert.equal(read('cpu.max'), '20000 20000')
  assert.equal(read('memory.max'), String(128 * 1024 * 1024))
  group.setPhase('invoke')
  assert.equal(read('cpu.max'), '1447 20000')
  const large = new EnvironmentCgroup({ version: 2, cpu: home, memory: undefined }, 'two', 3538)
  assert.equal(readFileSync(join(home, 'two/cpu.max'), 'utf8'), '40000 20000')
  large.setPhase('invoke')
  assert.equal(readFileSync(join(home, 'two/cpu.max'), 'utf8'), '40000 20000')
})

test('version 2: controllers are handed down where they can be; else it is said why not', (context) => {
  const root = temporaryFolder(context)
  writeFiles(root, { 'cgroup.controllers': 'cpuset cpu io memory pids\n', 'cgroup.subtree_control': '' })
  const home = findCgroups(root)
  assert.equal(home.version, 2)
  assert.equal(readFileSync(join(root, 'cgroup.subtree_control'), 'utf8'), '+cpu +memory')
  assert.ok(existsSync(home.cpu))
  const poor = temporaryFolder(context)
  writeFiles(poor, { 'cgroup.controllers': 'pids\n' })
  assert.throws(
    () => findCgroups(poor),
    /no control groups can be had in .*: none of its groups hands the CPU/,
  )
  const none = temporaryFolder(context)
  mkdirSync(join(none, 'x'))
  assert.throws(() => findCgroups(none), /there is no controller for CPU/)
})
