import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { deleteAbandoned, ownFolder } from '../../src/compiler/abandoned-folders.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'

const PREFIX = '.lambdabin-'
const DAY_MS = 24 * 3600 * 1000

/** A folder with what its owner is told by, changed as `owner` says; none where that is undefined. */
function workFolder(parent: string, name: string, owner: object | undefined): string {
  const folder = join(parent, name)
  mkdirSync(join(folder, 'package'), { recursive: true })
  if (owner !== undefined) {
    ownFolder(folder)
    const file = join(folder, '.owner')
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...owner }))
  }
  return folder
}

/** The number of a process that is gone. */
async function goneProcess(): Promise<number> {
  const child = spawn('/bin/true')
  await once(child, 'close')
  return child.pid as number
}

function longAgo(path: string): void {
  const then = new Date(Date.now() - 2 * DAY_MS)
  utimesSync(path, then, then)
}

test('what a process has left that is gone is deleted, and nothing else', async (t: TestContext) => {
  const parent = temporaryFolder(t)
  const gone = await goneProcess()
  workFolder(parent, `${PREFIX}aaaaaa`, { pid: gone })
  // Its number is another process's by now; and of an earlier run of the system.
  workFolder(parent, `${PREFIX}bbbbbb`, { began: '1' })
  workFolder(parent, `${PREFIX}cccccc`, { boot: 'another' })
  const kept = [
    workFolder(parent, `${PREFIX}dddddd`, {}),
    workFolder(parent, `${PREFIX}eeeeee`, { host: 'another', pid: gone }),
    workFolder(parent, `${PREFIX}ffffff`, { processes: 'pid:[1]', pid: gone }),
    workFolder(parent, `${PREFIX}gggggg`, undefined),
    workFolder(parent, `${PREFIX}of-somebody`, { pid: gone }),
    workFolder(parent, 'orders', { pid: gone }),
  ]
  deleteAbandoned(parent, PREFIX, DAY_MS)
  assert.deepEqual(readdirSync(parent).sort(), kept.map((folder) => folder.slice(parent.length + 1)).sort())
})

test('what does not say whose it is goes when it is old, where there is such an age', (t) => {
  const parent = temporaryFolder(t)
  const folders = ['aaaaaa', 'bbbbbb'].map((random, index) =>
    workFolder(parent, PREFIX + random, index === 0 ? undefined : { host: 'another' }),
  )
  longAgo(folders[0] as string)
  longAgo(folders[1] as string)
  deleteAbandoned(parent, PREFIX)
  assert.ok(folders.every(existsSync))
  deleteAbandoned(parent, PREFIX, DAY_MS)
  assert.deepEqual(folders.filter(existsSync), [])
})

test('a build that was killed leaves a folder, which the next build deletes', async (t) => {
  const cwd = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': 'export const handler = () => 1',
    'broken.ts': 'export const handler = (',
  })
  const killed = await runLambdabin(['build', 'orders.ts'], {
    cwd,
    onStderr: (text, kill) => text.includes('bundle') && kill('SIGKILL'),
  })
  assert.equal(killed.signal, 'SIGKILL')
  assert.match(readdirSync(join(cwd, 'dist')).join(), /^\.lambdabin-\w{6}$/)
  // What the next build builds, and whether it can, is all the same.
  await runLambdabin(['build', 'broken.ts'], { cwd })
  assert.deepEqual(readdirSync(join(cwd, 'dist')), [])
})
