/** Programs in C without some of what they export: the dynamic linker must find all else, and they must run as before. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { keepSymbols } from '../../../src/compiler/elf/dynamic-symbols.ts'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { readSymbols } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const COMPILERS = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }
const EMULATOR = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu']
const source = (name: string) => fileURLToPath(new URL(`../../fixtures/symbols/${name}`, import.meta.url))

const CHOICE = {
  isKept: (name: string) => !name.startsWith('internal_'),
  isAskedFor: (name: string) => name === 'kept_3',
}

/** The program's path; undefined, and the test is skipped, where there is no compiler. */
function compile(t: TestContext, arch: Architecture, ...options: string[]): string | undefined {
  const folder = temporaryFolder(t)
  const file = join(folder, 'program')
  const library = ['-shared', '-fPIC', '-o', join(folder, 'libasks.so'), source('library.c')]
  const program = [
    '-no-pie',
    '-fno-pie',
    '-rdynamic',
    '-Wl,--hash-style=gnu',
    '-o',
    file,
    source('program.c'),
  ]
  const linked = [`-L${folder}`, '-lasks', '-ldl', '-Wl,-rpath,$ORIGIN']
  for (const parameters of [library, [...program, ...linked, ...options]]) {
    const { status, stderr } = spawnSync(COMPILERS[arch], ['-O1', '-w', ...parameters], { encoding: 'utf8' })
    if (status === null) {
      t.skip(`${COMPILERS[arch]} is not installed (Debian: gcc gcc-aarch64-linux-gnu)`)
      return undefined
    }
    assert.equal(status, 0, stderr)
  }
  return file
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`what stays is found by its name, by libraries and by dlsym, and what does not is not, ${arch}`, (t) => {
    const file = compile(t, arch)
    const runner = arch === process.arch ? [] : EMULATOR
    if (file === undefined) {
      return
    }
    if (spawnSync(runner[0] ?? 'true', ['--version']).status !== 0) {
      t.skip('qemu-user is not installed (Debian: qemu-user-static)')
      return
    }
    const run = (env: NodeJS.ProcessEnv = process.env) => {
      const [command = '', ...parameters] = [...runner, file]
      const { status, stdout, stderr } = spawnSync(command, parameters, { encoding: 'utf8', env })
      return [status, stdout, stderr]
    }
    assert.deepEqual(run(), [0, '10 10 10 all right\n', ''])
    const published = readFileSync(file)
    const bytes = keepSymbols(published, file, CHOICE)
    assert.ok(bytes, 'it is laid out as is known')
    writeFileSync(file, bytes)
    assert.deepEqual(run(), [0, '10 0 0 all right\n', ''])
    assert.deepEqual(run({ ...process.env, LD_BIND_NOW: '1' }), [0, '10 0 0 all right\n', ''])

    assert.equal(bytes.length, published.length, 'nothing else has moved')
    const names = (of: Buffer) => readSymbols(of, parseElf(of, file), '.dynsym').map(({ name }) => name)
    assert.deepEqual(names(bytes).toSorted(), names(published).filter(CHOICE.isKept).toSorted())
    assert.equal(keepSymbols(bytes, file, CHOICE), bytes, 'what has no others is left as it is')
  })
}

test('names that are asked for first are in front of the others, and all of them behind what is looked up', (t) => {
  const file = compile(t, process.arch as Architecture)
  const bytes = file && keepSymbols(readFileSync(file), file, CHOICE)
  if (!bytes) {
    return
  }
  const sections = parseElf(bytes, file).sections.filter(({ name }) => /^\.(gnu\.|dyn|rela\.)/.test(name))
  const names = sections.find(({ name }) => name === '.dynstr')
  assert.ok(
    names && sections.every((section) => section.name === '.dynamic' || section.offset <= names.offset),
  )
  const text = bytes.toString('latin1', names.offset, names.offset + names.size)
  const placeOf = (name: string) => text.indexOf(`\0${name}\0`)
  assert.ok(placeOf('from_library') < placeOf('kept_3'))
  assert.ok(['kept_0', 'kept_2', 'kept_9'].every((name) => placeOf(name) > placeOf('kept_3')))
  assert.equal(placeOf('internal_function_1'), -1)
})

test('a file with the older table of hashes, too, is left as it is', (t) => {
  const file = compile(t, process.arch as Architecture, '-Wl,--hash-style=both')
  assert.equal(file && keepSymbols(readFileSync(file), file, CHOICE), undefined)
})

test('a file in which something else is between those sections is left as it is', (t) => {
  const file = compile(t, process.arch as Architecture)
  if (file === undefined) {
    return
  }
  const bytes = readFileSync(file)
  const { sectionHeaders, sections } = parseElf(bytes, file)
  const versions = sections.find(({ name }) => name === '.gnu.version')
  assert.ok(versions)
  const header = sectionHeaders.offset + versions.index * sectionHeaders.entrySize
  bytes.writeBigUInt64LE(BigInt(versions.offset + 64), header + 24)
  assert.equal(keepSymbols(bytes, file, CHOICE), undefined)
})

test('a file from which too little goes to make room for another table of hashes is left as it is', (t) => {
  const file = compile(t, process.arch as Architecture)
  if (file === undefined) {
    return
  }
  const one = { ...CHOICE, isKept: (name: string) => name !== 'kept_9' }
  assert.equal(keepSymbols(readFileSync(file), file, one), undefined)
})
