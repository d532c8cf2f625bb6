import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { readProcessMemory } from '../../../../src/emulator/environments/resources/process-memory.ts'

const MIB = 1024

test('the memory of a process that holds 100 MB is at least that, and its file pages do not count as held', async (context) => {
  const script =
    'const held = Buffer.alloc(100 * 1024 * 1024, 1); console.log(held.length); setInterval(() => held, 1000)'
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const memory = readProcessMemory(child.pid ?? 0)
  assert.ok(memory !== undefined)
  assert.ok(memory.held >= 100 * MIB, `${memory.held} KiB`)
  assert.ok(memory.peak > memory.held, 'the executable is resident, too')
})

test('the memory of descendants counts', async (context) => {
  const script = 'Buffer.alloc(1); console.log("up"); setInterval(() => {}, 1000)'
  const child = spawn('/bin/sh', ['-c', '"$0" -e "$1"; true', process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  context.after(() => process.kill(-(child.pid ?? 0), 'SIGKILL'))
  await once(child.stdout, 'data')
  const shell = readProcessMemory(child.pid ?? 0)
  assert.ok(shell !== undefined)
  assert.ok(shell.peak > 20 * MIB, `a shell alone has less than ${shell.peak} KiB`)
})

test('a process that is gone has no memory', async () => {
  const child = spawn('/bin/true')
  await once(child, 'exit')
  assert.equal(readProcessMemory(child.pid ?? 0), undefined)
})
