import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

const PREPARE = fileURLToPath(new URL('../../scripts/docker/prepare-node.ts', import.meta.url))

function prepare(oldest: string, file: string) {
  const { status, stderr } = spawnSync(process.execPath, [PREPARE, oldest, file], { encoding: 'utf8' })
  return { status, stderr }
}

test('an official Node.js is refused for glibc 2.17, by what its ELF file asks for, and left as it is', {
  skip: process.arch !== 'x64' && 'the check is of Node.js for x64',
}, (t) => {
  const node = join(temporaryFolder(t), 'node')
  copyFileSync(process.execPath, node)
  const { status, stderr } = prepare('provided', node)
  assert.equal(status, 1)
  assert.match(
    stderr,
    /node should run on provided \(glibc 2\.17, libstdc\+\+ 3\.4\.19\), and needs glibc 2\.28 and libstdc\+\+ 3\.4\.\d+; give/,
  )
  assert.ok(readFileSync(node).equals(readFileSync(process.execPath)))
})

test('one that runs on the system asked for is stripped, and still runs', (t) => {
  const node = join(temporaryFolder(t), 'node')
  copyFileSync(process.execPath, node)
  assert.deepEqual(prepare('provided.al2023', node), { status: 0, stderr: '' })
  assert.ok(statSync(node).size < statSync(process.execPath).size)
  assert.equal(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout, `${process.version}\n`)
})
