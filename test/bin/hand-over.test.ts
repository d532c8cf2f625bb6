import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { eventually } from '../support/eventually.ts'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))

/** A Node.js that hands over: older than the command needs. */
function oldNode(): string | undefined {
  const found = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
    const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
    return /^v(20|21|22\.[0-9]\.|22\.1[0-8]\.)/.test(stdout ?? '')
  })
  return found
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}

const node = oldNode()

test('kill -9 of a command that handed over ends what it handed over to, which frees its port and its state', {
  skip: node === undefined && 'there is no Node.js here that is too old',
}, async (context) => {
  const folder = temporaryFolder(context)
  const args = [COMMAND, 'serve', '--port', '0', '--state', join(folder, 'state')]
  const first = spawn(node as string, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  first.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  await eventually(() => said.includes('--endpoint-url'), 'it listens')
  const [server = 0] = readFileSync(`/proc/${first.pid}/task/${first.pid}/children`, 'latin1')
    .split(' ')
    .map(Number)
  assert.ok(isAlive(server))
  first.kill('SIGKILL')
  await eventually(() => !isAlive(server), 'the server has ended')
  const second = spawn(node as string, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  context.after(() => second.kill('SIGTERM'))
  let saidNext = ''
  second.stdout.setEncoding('utf8').on('data', (text) => {
    saidNext += text
  })
  await eventually(() => saidNext.includes('--endpoint-url'), 'another can have the state')
})

test('on Bun, which says a version of Node.js that would do, it is handed over, too', () => {
  const asBun = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,bun:'1.4.5'}})`
  const run = (env: NodeJS.ProcessEnv) =>
    spawnSync(process.execPath, ['--import', asBun, COMMAND, '--version'], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    })
  assert.match(run({}).stdout, /^\d+\.\d+\.\d+\n$/)
  const again = run({ LAMBDABIN_HANDED_OVER: '24.0.0' })
  assert.match(again.stderr, /needs Node\.js 22\.19 or later, and was started with Bun 1\.4\.5 again/)
  assert.equal(again.status, 1)
})
