import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { addSection, readSection } from '../../../src/compiler/elf/added-section.ts'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { readSectionOfFile } from '../../../src/compiler/elf/section-of-file.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const program = readFileSync('/bin/echo')
const content = Buffer.from('{"some":"content"}')

/** The program with the section. */
function changedProgram(): Buffer {
  const change = addSection(program, 'echo', '.added', content)
  assert.ok(change)
  const { header, tail } = change
  return Buffer.concat([header, program.subarray(header.length), tail])
}

test('a program with a section more runs, and what is mapped of it is as it was', (t) => {
  const changed = changedProgram()
  const file = join(temporaryFolder(t), 'echo')
  writeFileSync(file, changed, { mode: 0o755 })
  assert.equal(execFileSync(file, ['said'], { encoding: 'utf8' }), 'said\n')
  assert.deepEqual(parseElf(changed, 'echo').segments, parseElf(program, 'echo').segments)
  assert.ok(changed.subarray(64, program.length).equals(program.subarray(64)), 'all but the file header')
})

test('the section is found without the rest of the file, too', async (t) => {
  const [changed, plain, none] = ['changed', 'plain', 'none'].map((name) => join(temporaryFolder(t), name))
  writeFileSync(changed ?? '', changedProgram())
  writeFileSync(plain ?? '', program)
  writeFileSync(none ?? '', '#!/bin/sh\n')
  assert.deepEqual(await readSectionOfFile(changed ?? '', '.added'), content)
  assert.equal(await readSectionOfFile(plain ?? '', '.added'), undefined)
  assert.equal(await readSectionOfFile(none ?? '', '.added'), undefined)
})

test('the section is found by its name, beside those that were there', () => {
  const changed = changedProgram()
  assert.deepEqual(readSection(changed, 'echo', '.added'), content)
  assert.deepEqual(readSection(changed, 'echo', '.text'), readSection(program, 'echo', '.text'))
  assert.equal(readSection(program, 'echo', '.added'), undefined)
  assert.throws(() => addSection(changed, 'echo', '.added', content), /has a section \.added already/)
})
