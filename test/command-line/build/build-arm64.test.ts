/** An executable for Graviton, built and run on another processor, under qemu's user-mode emulation. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { readArchitecture } from '../../../src/compiler/elf/elf-file.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { readOwnFileTable } from '../../support/own-file-table.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const FUNCTION = `
  export const handler = async (event: { text: string }) => ({ ...event, arch: process.arch })
  if (process.arch !== 'arm64') throw new Error('not the target')`

/** Why it cannot be run here, for the test runner to show. */
async function whyNot(): Promise<string | false> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return 'it is for Linux on x64'
  }
  if (!hasQemu()) {
    return 'qemu-user is not installed (Debian: qemu-user-static)'
  }
  if (!existsSync('/usr/aarch64-linux-gnu/lib/libstdc++.so.6')) {
    return 'the libraries for arm64 are not installed (Debian: libstdc++6-arm64-cross)'
  }
  return false
}

function hasQemu(): boolean {
  try {
    execFileSync('qemu-aarch64-static', ['--version'])
    return true
  } catch {
    return false
  }
}

test('an arm64 executable has a code cache that V8 accepts, and answers an invocation', {
  skip: await whyNot(),
  timeout: 300_000,
}, async (t) => {
  const folder = temporaryFolder(t)
  writeFiles(folder, { 'package.json': {}, 'hello.ts': FUNCTION })
  const build = ['build', 'hello.ts', '--arch', 'arm64', '--json']
  const { status, stdout, stderr } = await runLambdabin(build, { cwd: folder })
  assert.equal(status, 0, stderr)
  const [built] = JSON.parse(stdout).functions
  assert.deepEqual(built.shortcomings, [])
  assert.deepEqual(
    built.steps.map(({ name }: { name: string }) => name).filter((name: string) => /cache|test/.test(name)),
    ['code cache', 'self-test'],
  )
  const executable = join(folder, 'dist', 'hello', 'hello')
  const bytes = readFileSync(executable)
  assert.equal(readArchitecture(bytes, executable), 'arm64')
  // Of a Node.js that is not known, it would not be told which pages lie together.
  assert.ok(readOwnFileTable(bytes, 'arm64').map.length > 100, 'run `npm run hot-pages`')

  // This system does not start it by itself, so a script in its place does.
  const runner = await findTargetRunner(await findPinnedNode('arm64'), 'arm64')
  assert.ok(runner)
  renameSync(executable, `${executable}-arm64`)
  // Beside it, wherever the sandbox has the two.
  writeExecutable(executable, `#!/bin/sh\nexec ${runner.map((word) => `'${word}'`).join(' ')} "$0-arm64"\n`)
  const invoke = ['invoke', 'dist/hello', '--event', '{"text":"Hello"}', '--timeout', '30']
  const invoked = await runLambdabin(invoke, { cwd: folder })
  assert.equal(invoked.status, 0, invoked.stderr)
  assert.deepEqual(JSON.parse(invoked.stdout), { text: 'Hello', arch: 'arm64' })

  const [qemu = '', ...options] = runner
  const child = spawnSync(qemu, [...options, `${executable}-arm64`, '-p', 'process.arch'], {
    encoding: 'utf8',
  })
  assert.equal(child.stdout, 'arm64\n', 'with parameters it is Node.js')
  const alone = [...options, '-strace', `${executable}-arm64`]
  const traced = spawnSync(qemu, alone, { env: {}, encoding: 'utf8', timeout: 30_000 })
  // qemu may not know preadv2 (286); then it, too, says that the pages are not in memory.
  assert.match(
    traced.stderr,
    /openat\(AT_FDCWD,"\/proc\/self\/exe",O_RDONLY\|O_CLOEXEC\) = 3\n\d+ (preadv2|Unknown syscall 286)\b/,
  )
  assert.match(traced.stdout, /AWS_LAMBDA_RUNTIME_API should be set/, 'Node.js starts after that')
})
