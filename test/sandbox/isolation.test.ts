/** The sandbox of what a build runs, where the system has namespaces for it. */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, realpathSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findBuildSandbox } from '../../src/sandbox/find-sandbox.ts'
import { openGate } from '../../src/sandbox/gate.ts'
import type { OpenSandbox, SandboxView } from '../../src/sandbox/sandbox.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { eventually } from '../support/eventually.ts'
import { writeFiles } from '../support/projects/files.ts'
import { runInSandbox } from '../support/sandboxed-shell.ts'

/** Undefined where the system has no such sandbox. */
async function open(t: TestContext, more: Partial<SandboxView> = {}): Promise<OpenSandbox | undefined> {
  const folder = realpathSync(temporaryFolder(t))
  writeFiles(folder, { 'task/file.txt': 'of the task' })
  for (const name of ['tmp', 'work', 'program']) {
    mkdirSync(join(folder, name))
  }
  const found = findBuildSandbox(folder, '')
  if (found.kind !== 'isolation') {
    t.skip('this machine has no user namespaces, or no ip')
    return undefined
  }
  return found.open({
    taskRoot: join(folder, 'task'),
    temporaryFolder: join(folder, 'tmp'),
    workFolder: join(folder, 'work'),
    binds: [{ source: join(folder, 'program'), target: '/var/runtime', isWritable: true }],
    ...more,
  })
}

test('it sees the task root, its own folders, and nothing of anybody’s', async (t) => {
  const sandbox = await open(t)
  if (sandbox === undefined) {
    return
  }
  const { stdout } = runInSandbox(
    sandbox,
    'pwd; cat file.txt; echo; cat /etc/passwd; find /tmp /home /run /srv -mindepth 1',
  )
  assert.match(stdout, /^\/var\/task\nof the task\nsbx_user1051:x:\d+:\d+::\/home\/sbx_user1051:[^\n]*$/)
  for (const path of [
    homedir(),
    process.cwd(),
    import.meta.filename,
    '/etc/shadow',
    '/dev/shm/../sda',
    '/run/docker.sock',
  ]) {
    const { stdout: seen } = runInSandbox(sandbox, `ls -A "$PLACE" 2>/dev/null`, { PLACE: path })
    assert.equal(seen, '', path)
  }
  const writing =
    'for place in /tmp /var/runtime /var/task /usr /etc /dev/shm /; do touch $place/written 2>/dev/null && echo $place; done'
  assert.equal(runInSandbox(sandbox, writing).stdout, '/tmp\n/var/runtime\n/dev/shm')
})

test('it sees no processes but its own, and nobody’s environment', async (t) => {
  const sandbox = await open(t)
  if (sandbox !== undefined) {
    const { stdout } = runInSandbox(
      sandbox,
      'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"; cat /proc/[0-9]*/environ 2>/dev/null',
      {
        ITS_OWN: 'variable',
      },
    )
    assert.match(stdout, /ITS_OWN=variable/)
    assert.doesNotMatch(stdout, /isolation\.test/, 'the arguments of this process')
    assert.ok(!stdout.includes(`HOME=${homedir()}`), 'its environment')
    const undone = runInSandbox(
      sandbox,
      'umount /proc; umount /etc; umount /dev; ls -d /etc/shadow /dev/sda /dev/kmsg',
    )
    assert.equal(undone.stdout, '', 'its mounts cannot be undone')
  }
})

test('it has a network of its own: no names, no addresses, and of this host what the gate leads to', async (t) => {
  const servers = ['through the gate', 'not meant for it'].map((text) =>
    createServer((_, response) => response.end(text)).listen(0, '127.0.0.1'),
  )
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const [port = 0, other = 0] = servers.map((server) => (server.address() as AddressInfo).port)
  const gate = await openGate([port])
  t.after(() => {
    gate.close()
    for (const server of servers) {
      server.close()
    }
  })
  const sandbox = await open(t, { gate })
  if (sandbox === undefined) {
    return
  }
  const program = `
    const said = []
    const ask = (url) => fetch(url).then((it) => it.text(), (error) => String(error.cause?.code))
    for (const url of ['http://127.0.0.1:${port}/', 'http://127.0.0.1:${port}/again', 'http://127.0.0.1:${other}/', 'http://192.0.2.1/']) said.push(await ask(url))
    said.push(await require('dns').promises.lookup('example.org').catch((error) => error.code))
    const udp = require('dgram').createSocket('udp4')
    said.push(await new Promise((done) => udp.send('x', 53, '192.0.2.1', (error) => done(error?.code ?? 'sent'))))
    udp.close()
    require('net').createServer().listen(0, function () { said.push(typeof this.address().port); this.close(); console.log(JSON.stringify(said)) })`
  // The Node.js of the gate is there to be used.
  const { command, parameters, cwd } = sandbox.command('/bin/sh', [
    '-c',
    '/var/gate-node/* -e "(async () => { $PROGRAM })()"',
  ])
  const child = spawn(command, parameters, {
    cwd,
    env: { PATH: '/usr/bin:/bin', PROGRAM: program },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  await once(child, 'close')
  assert.deepEqual(JSON.parse(stdout), [
    'through the gate',
    'through the gate',
    'ECONNREFUSED',
    'ENETUNREACH',
    'ENOTFOUND',
    'ENETUNREACH',
    'number',
  ])
})

test('what ends the command ends all that runs in it; an exit status and a signal are told', async (t) => {
  const sandbox = await open(t)
  if (sandbox === undefined) {
    return
  }
  assert.equal(runInSandbox(sandbox, 'exit 7').status, 7)
  assert.equal(runInSandbox(sandbox, 'kill -ABRT $$').status, 128 + 6)
  const { command, parameters, cwd } = sandbox.command('/bin/sh', ['-c', 'sleep 1000 & echo started; wait'])
  const child = spawn(command, parameters, {
    cwd,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  // Its output is closed when nobody is left who has it.
  let isClosed = false
  child.stdout.once('close', () => {
    isClosed = true
  })
  child.stdout.resume()
  await eventually(() => isClosed, 'all processes have ended')
})

test('another program runs after the first in the same place, and says nothing', async (t) => {
  const sandbox = await open(t)
  if (sandbox === undefined) {
    return
  }
  const first = ['-c', 'echo first; echo "$$ $(id -u)" >/tmp/first; exit 7']
  const next = [
    '/bin/sh',
    '-c',
    'echo "it’s next"; [ "$(cat /tmp/first | cut -d" " -f2)" = "$(id -u)" ] && echo next >/tmp/next',
  ]
  const { command, parameters, cwd, runsNext } = sandbox.command('/bin/sh', first, {}, next)
  const ended = spawnSync(command, parameters, { cwd, env: { PATH: '/usr/bin:/bin' }, encoding: 'utf8' })
  assert.equal(runsNext, true)
  assert.equal(ended.status, 7)
  assert.equal(ended.stdout, 'first\n')
  assert.equal(runInSandbox(sandbox, 'cat /tmp/next').stdout, 'next')
  assert.equal(sandbox.command('/bin/true').runsNext, false)
})

test('a gate’s sockets have a place where the folder for temporary files has a long name', async (t) => {
  const long = join(temporaryFolder(t), 'a'.repeat(100))
  mkdirSync(long)
  const { TMPDIR } = process.env
  t.after(() => {
    if (TMPDIR === undefined) {
      delete process.env.TMPDIR
    } else {
      process.env.TMPDIR = TMPDIR
    }
  })
  process.env.TMPDIR = long
  const gate = await openGate([65_535])
  assert.ok(existsSync(join(gate.folder, '65535')))
  gate.close()
  assert.equal(existsSync(gate.folder), false)
})
