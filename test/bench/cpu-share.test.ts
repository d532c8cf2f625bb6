import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type CpuShares, NoCpuSharesError, openCpuShares } from '../../scripts/bench/first-call/cpu-share.ts'
import { compileC, hasCommand, runUnderServer } from '../../scripts/bench/runtime-api-server.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/bench/runtime.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(folder, { recursive: true }))

function possible(): CpuShares | string {
  try {
    return openCpuShares()
  } catch (error) {
    assert.ok(error instanceof NoCpuSharesError, String(error))
    return error.message
  }
}

test('a runtime has a whole CPU until it asks for an invocation, and its memory’s share from then on', async (t) => {
  const shares = possible()
  if (typeof shares === 'string' || !hasCommand('cc', '--version')) {
    t.skip(typeof shares === 'string' ? shares : 'there is no cc')
    return
  }
  try {
    const server = compileC('runtime-api-server', folder)
    // Keeps the CPU busy for 60 ms in each invocation.
    const runtime = {
      command: [process.execPath, FIXTURE, 'spin', '60'] as const,
      env: {},
      cwd: folder,
      event: '{}',
    }
    const measure = (quota?: string) => {
      shares.lift()
      const group = quota === undefined ? undefined : { folder: shares.folder, quota }
      return runUnderServer(server, runtime, { invocations: 2, cpu: undefined, group })
    }
    const [whole, small] = [await measure(), await measure(shares.quota(177))]
    assert.ok(whole.cpuMsStart - whole.cpuMsNext >= 55, JSON.stringify(whole))
    const first = small.firstResponseMs - small.firstNextMs
    // A tenth of a CPU makes 600 ms of them; a period more or less, and what others run.
    assert.ok(first > 450, `the first invocation took ${first} ms`)
    assert.ok(small.secondResponseMs > 450, `the second took ${small.secondResponseMs} ms`)
    assert.ok(small.cpuMsSecond < 300 && small.cpuMsSecond >= 55, JSON.stringify(small))
    // The init phase takes about its own CPU time; with a tenth of a CPU it would be ten times that.
    assert.ok(small.firstNextMs < small.cpuMsNext * 8, JSON.stringify(small))
  } finally {
    await shares.close()
  }
})

test('cgroups of version 2 are used where they have the CPU controller', async () => {
  const mount = join(folder, 'v2')
  mkdirSync(join(mount, 'user.slice'), { recursive: true })
  writeFileSync(join(mount, 'cgroup.controllers'), 'cpuset cpu io\n')
  writeFileSync(join(mount, 'cgroup.subtree_control'), 'cpu\n')
  const shares = openCpuShares(`none ${mount} cgroup2 rw,relatime 0 0\n`, '0::/user.slice\n')
  assert.equal(shares.folder, join(mount, `lambdabin-bench-${process.pid}`))
  assert.equal(readFileSync(join(shares.folder, 'cpu.max'), 'utf8'), 'max 20000')
  assert.equal(shares.quota(128), 'cpu.max=1447 20000')
  assert.equal(shares.quota(1769), 'cpu.max=20000 20000')
})

test('without a cgroup that has the CPU controller, the reason is told', () => {
  const mount = join(folder, 'none')
  mkdirSync(mount)
  writeFileSync(join(mount, 'cgroup.controllers'), 'memory\n')
  writeFileSync(join(mount, 'cgroup.subtree_control'), '\n')
  const mounts = `none ${mount} cgroup2 rw 0 0\n`
  assert.throws(() => openCpuShares(mounts, '0::/\n'), /no cgroup has the CPU controller/)
  assert.throws(
    () => openCpuShares('cgroup /proc/self/nothing cgroup rw,cpu 0 0\n', '1:cpu:/\n'),
    NoCpuSharesError,
  )
})
