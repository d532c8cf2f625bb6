import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { leaveOutTypeStripper } from '../../../src/compiler/base-node/type-stripper.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const published = readFileSync(process.execPath)
const without = leaveOutTypeStripper(published)

test('nothing moves, and what is left out takes a megabyte of a zip', () => {
  assert.equal(without.length, published.length)
  const first = published.findIndex((byte, at) => byte !== without[at])
  const [before, after] = [published, without].map((bytes) => bytes.subarray(first, first + 4_000_000))
  assert.ok(before && after && deflateRawSync(after).length < deflateRawSync(before).length - 1_000_000)
  assert.equal(leaveOutTypeStripper(without), without, 'there is nothing more to leave out')
})

test('Node.js runs as before, and who wants types stripped is told why they are not', (t) => {
  const folder = temporaryFolder(t)
  const node = join(folder, 'node')
  writeFileSync(node, without, { mode: 0o755 })
  writeFileSync(join(folder, 'script.ts'), 'const text: string = "typed"; console.log(text)')
  const run = (...parameters: string[]) => {
    const { stdout, stderr } = spawnSync(node, parameters, { encoding: 'utf8' })
    return stdout + stderr
  }
  assert.equal(run('-e', 'console.log(1 + 1)'), '2\n')
  assert.match(run(join(folder, 'script.ts')), /executables of lambdabin do not strip types/)
  const program = `try { module.stripTypeScriptTypes('let a: number') } catch ({ message, code }) { console.log(code, message) }`
  const said = run('--no-warnings', '-e', `const module = require('node:module'); ${program}`)
  assert.match(
    said,
    /^ERR_FEATURE_UNAVAILABLE_ON_PLATFORM executables of lambdabin do not strip types: .*compile the file/,
  )
})

test('a binary that has no such parser, or has it twice, is left as it is', () => {
  const other = Buffer.from('no Node.js')
  assert.equal(leaveOutTypeStripper(other), other)
  const string = `Buffer.from("AGFzbQ${'A'.repeat(1_100_000)}", "base64")`
  assert.notEqual(leaveOutTypeStripper(Buffer.from(string)).toString(), string)
  const twice = Buffer.from(string + string)
  assert.equal(leaveOutTypeStripper(twice), twice)
  const unfinished = Buffer.from(string.slice(0, -12))
  assert.equal(leaveOutTypeStripper(unfinished), unfinished)
})
