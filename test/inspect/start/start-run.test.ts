import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, createReadStream, existsSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { runStart, StartError, type StartOptions } from '../../../src/inspect/start/start-run.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

/** A `bootstrap` that is JavaScript. */
function startOptions(
  t: TestContext,
  script: string,
): Omit<StartOptions, 'groupFiles'> & { groupFiles: string[] } {
  const taskRoot = temporaryFolder(t)
  const bootstrap = join(taskRoot, 'bootstrap')
  writeFileSync(bootstrap, `#!${process.execPath}\n${script}`)
  chmodSync(bootstrap, 0o755)
  const environment = { PATH: process.env.PATH ?? '' }
  return { bootstrap, taskRoot, environment, groupFiles: [], arn: 'arn', timeoutMs: 30_000 }
}

/** To the Runtime API, and says first with which variables and descriptors. */
const ASK = `const { writeFileSync, readdirSync } = require('node:fs')
const began = Date.now()
const { AWS_LAMBDA_RUNTIME_API: api } = process.env
writeFileSync('started.json', JSON.stringify({ began, names: Object.keys(process.env), inherited: inherited() }))
require('node:http').get('http://' + api + '/2018-06-01/runtime/invocation/next')

function inherited() {
  const { fstatSync } = require('node:fs')
  try { return fstatSync(3).isSocket() } catch { return false }
}
`

test('what it takes to make the process is no part of its start, which begins when it becomes bootstrap', async (t) => {
  const options = startOptions(t, ASK)
  const [first, second] = ['first', 'second'].map((name) => join(options.taskRoot, name)) as [string, string]
  execFileSync('mkfifo', [second])
  const watcher = watch(options.taskRoot)
  t.after(() => watcher.close())
  const running = runStart({ ...options, groupFiles: [first, second] })
  while (!existsSync(first)) {
    await once(watcher, 'change', { signal: AbortSignal.timeout(20_000) })
  }
  // The process is there. It waits for who reads the second file, as it would for a busy kernel.
  const before = performance.timeOrigin + performance.now()
  createReadStream(second).resume()
  const { spawned, firstNext } = await running
  assert.ok(spawned >= before, `began ${before - spawned} ms before it was let go on`)
  assert.ok(firstNext > spawned)
})

test('bootstrap finds nothing of what has told the shell to start it', async (t) => {
  const options = startOptions(t, ASK)
  const { spawned, firstNext, invocation } = await runStart(options)
  const { default: started } = await import(join(options.taskRoot, 'started.json'), {
    with: { type: 'json' },
  })
  const names = started.names.filter((name: string) => !['PWD', 'SHLVL', 'OLDPWD', '_'].includes(name))
  assert.deepEqual(names.toSorted(), ['AWS_LAMBDA_RUNTIME_API', 'PATH'])
  assert.equal(started.inherited, false)
  // Its own clock has milliseconds, and may be set meanwhile.
  assert.ok(started.began - spawned > -10 && firstNext - started.began > -10)
  assert.equal(invocation, undefined)
})

test('a bootstrap that cannot be started, or that ends at once, is told', async (t) => {
  const ended = startOptions(t, 'process.exitCode = 3')
  const { taskRoot } = ended
  for (const [options, message] of [
    [ended, /^the function ended early, with status 3$/],
    [{ ...ended, bootstrap: join(taskRoot, 'nothing') }, /^the function ended early, with status 127/],
    [{ ...ended, taskRoot: join(taskRoot, 'nowhere') }, /^the function could not be started: spawn/],
    [
      { ...ended, groupFiles: [join(taskRoot, 'nowhere', 'cgroup.procs')] },
      /^the function ended early, with status/,
    ],
  ] as const) {
    await assert.rejects(runStart(options), (error) => {
      assert.ok(error instanceof StartError)
      assert.match(error.message, message)
      return true
    })
  }
})
