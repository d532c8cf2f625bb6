/** The look for a newer Node.js beside a build, with a registry that does not answer. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { pinnedVersions } from '../../../bin/pinned-node.js'
import { NewerNodeSearch } from '../../../src/command-line/build/newer-node.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { eventually } from '../../support/eventually.ts'

const BUILT = [{ nodeVersion: pinnedVersions.version }]
const FILE = 'cache/lambdabin/newest-node.json'

/** An npm that starts another program, as some installations have it, and neither ends by itself, nor by a polite signal. */
function withSilentNpm(t: TestContext) {
  const folder = temporaryFolder(t)
  const log = join(folder, 'pids')
  writeExecutable(
    join(folder, 'npm'),
    `#!/bin/sh\ntrap '' TERM INT HUP\nsleep 600 &\necho "$$ $!" >> '${log}'\nwait\n`,
  )
  const { PATH, XDG_CACHE_HOME } = process.env
  Object.assign(process.env, {
    PATH: `${folder}${delimiter}${PATH}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
  })
  t.after(() => {
    process.env.PATH = PATH
    if (XDG_CACHE_HOME === undefined) {
      delete process.env.XDG_CACHE_HOME
    } else {
      process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
    }
  })
  const started = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split(/\s+/).map(Number) : [])
  t.after(() => {
    for (const pid of started().filter(isRunning)) {
      process.kill(pid, 'SIGKILL')
    }
  })
  return { folder, started }
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

test('a registry that is silent is waited for once a day, not for long, and nothing of npm is left', {
  timeout: 60_000,
}, async (t) => {
  const { folder, started } = withSilentNpm(t)
  const search = NewerNodeSearch.begin(false)
  await eventually(() => started().length === 2, 'npm is asked')
  const before = performance.now()
  assert.equal(await search?.end(BUILT), undefined)
  assert.ok(performance.now() - before < 8000, 'less than npm’s own limit')
  await eventually(() => !started().some(isRunning), 'npm and what it started are gone')
  assert.equal(JSON.parse(readFileSync(join(folder, FILE), 'utf8')).newest, null)
  assert.equal(await NewerNodeSearch.begin(false)?.end(BUILT), undefined)
  assert.equal(started().length, 2, 'the next build does not ask')
})

test('a build that has built nothing does not wait, and the next one asks', {
  timeout: 60_000,
}, async (t) => {
  const { folder, started } = withSilentNpm(t)
  const search = NewerNodeSearch.begin(false)
  await eventually(() => started().length === 2, 'npm is asked')
  assert.equal(await search?.end([]), undefined)
  await eventually(() => !started().some(isRunning), 'npm and what it started are gone')
  assert.ok(!existsSync(join(folder, FILE)))
})

test('where it was told before, as with another function of a CDK app, nobody asks unless told to', (t) => {
  const before = { ...process.env }
  t.after(() => {
    process.env = before
  })
  delete process.env.CI
  process.env.LAMBDABIN_NEWER_NODE_TOLD = '1'
  assert.equal(NewerNodeSearch.begin(undefined), undefined)
})
