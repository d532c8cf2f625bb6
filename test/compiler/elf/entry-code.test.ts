/** Small programs of the four kinds there are, laid out as a finished executable is: what is loaded last is read only. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { type Architecture, ElfFormatError, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { addEntryCode, lastSegmentOffset } from '../../../src/compiler/elf/entry-code.ts'
import { GatheredBytes } from '../../../src/compiler/elf/gathered-bytes.ts'
import type { PageRange } from '../../../src/compiler/read-ahead/page-ranges.ts'
import { prefetchStub } from '../../../src/compiler/read-ahead/prefetch-stub.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

/** The destructor runs only if the program got what the dynamic linker gives to its entry. */
const PROGRAM = `
  #include <stdio.h>
  #include <stdlib.h>
  __attribute__((section(".added"))) const char added[] = "added";
  __attribute__((destructor)) static void end(void) { puts("end"); }
  int main(int count, char **words) {
    printf("%d %s %s %s\\n", count, words[1], getenv("SET"), added);
  }`
const LAST = '-Wl,--section-start=.added=0x8000000'
const KINDS = [['-no-pie'], ['-pie', '-fPIE'], ['-static', '-no-pie'], ['-static-pie', '-fPIE']]
const arch = process.arch as Architecture
const RANGES = [
  { start: 0, count: 2 },
  { start: 5, count: 70 },
]

const compiles = spawnSync('cc', ['--version']).status === 0
const needsCompiler = { skip: process.platform !== 'linux' || !compiles ? 'there is no C compiler' : false }
const hasStrace = existsSync('/usr/bin/strace')
const needsStrace = { skip: needsCompiler.skip || (hasStrace ? false : 'there is no strace') }

function compile(t: TestContext, options: readonly string[]): string {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'program.c'), PROGRAM)
  execFileSync('cc', [...options, '-o', 'program', 'program.c'], { cwd: folder })
  return join(folder, 'program')
}

function read(program: string): GatheredBytes {
  return GatheredBytes.of(readFileSync(program))
}

function addStub(program: string, ranges: readonly PageRange[] = RANGES): string {
  const bytes = addEntryCode(read(program), program, (address, entry) =>
    prefetchStub(arch, address, entry, ranges),
  )?.toBuffer()
  assert.ok(bytes)
  writeFileSync(`${program}-reads-ahead`, bytes, { mode: 0o755 })
  return `${program}-reads-ahead`
}

const EXPECTED = '2 word value added\nend\n'

function run(command: string, ...words: string[]) {
  const { status, stdout, stderr } = spawnSync(command, words, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, SET: 'value' },
    timeout: 20_000,
  })
  return { status, stdout, stderr }
}

for (const options of KINDS) {
  test(
    `a program linked with ${options[0]} gets its words, its environment and its end`,
    needsCompiler,
    (t) => {
      const program = addStub(compile(t, [...options, LAST]))
      assert.deepEqual(run(program, 'word'), { status: 0, stdout: EXPECTED, stderr: '' })
    },
  )
}

test(
  'the file is as before, but for the entry, the last segment and what lies behind it',
  needsCompiler,
  (t) => {
    const program = compile(t, ['-no-pie', LAST])
    const changed = addStub(program)
    const [before, after] = [readFileSync(program), readFileSync(changed)]
    const [old, now] = [parseElf(before, program), parseElf(after, changed)]
    assert.deepEqual(
      now.sections.map(({ name, size, link }) => [name, size, link]),
      old.sections.map(({ name, size, link }) => [name, size, link]),
    )
    for (const { name, index, offset, size, type } of old.sections.filter((one) => one.type !== 8)) {
      const moved = now.sections[index]?.offset ?? Number.NaN
      const content = after.subarray(moved, moved + size)
      assert.ok(content.equals(before.subarray(offset, offset + size)), `${name}, type ${type}`)
    }
    assert.equal(now.segments.length, old.segments.length)
    assert.equal(lastSegmentOffset(after, changed), lastSegmentOffset(before, program))
    for (const option of ['-lW', '-SW', '-aW']) {
      assert.equal(spawnSync('readelf', [option, changed], { encoding: 'utf8' }).stderr, '', option)
    }
  },
)

test('code may be added to what has some', needsCompiler, (t) => {
  const program = addStub(addStub(compile(t, ['-pie', '-fPIE', LAST])))
  assert.equal(run(program, 'word').stdout, EXPECTED)
})

test('a program whose last segment is its variables is left alone', needsCompiler, (t) => {
  const program = compile(t, ['-no-pie'])
  assert.equal(
    addEntryCode(read(program), program, () => assert.fail('asked for code')),
    undefined,
  )
})

test('what is no program is refused by name', () => {
  assert.throws(
    () => addEntryCode(GatheredBytes.of(Buffer.from('#!/bin/sh\n')), 'a script', () => Buffer.alloc(8)),
    (error) => error instanceof ElfFormatError && error.message.includes('a script'),
  )
})

/** What the added code asks of the kernel, a line each, when some of its calls are answered in a certain way. */
function trace(program: string, ...injected: string[]): string[] {
  const log = `${program}.trace`
  const injections = injected.flatMap((how) => ['-e', `inject=${how}`])
  // A static program opens nothing else; the first close is the code's own.
  const traced = ['-o', log, '-e', 'trace=openat,preadv2,readahead,close', ...injections]
  assert.deepEqual(run('strace', ...traced, program, 'word'), { status: 0, stdout: EXPECTED, stderr: '' })
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('+++') && line !== '')
    .map((line) => line.replaceAll(/\[\{.*\}\]/g, '…').replaceAll(/ +=/g, ' ='))
}

const OPENED = 'openat(AT_FDCWD, "/proc/self/exe", O_RDONLY|O_CLOEXEC) = 3'
const CLOSED = 'close(3) = 0'

test(
  'nothing is read ahead when the pages are in memory; every sixteenth piece is tried',
  needsStrace,
  (t) => {
    const manyRanges = Array.from({ length: 33 }, (_, index) => ({ start: index * 2, count: 1 }))
    const program = addStub(compile(t, ['-static', '-no-pie', LAST]), manyRanges)
    assert.deepEqual(trace(program, 'preadv2:retval=1'), [
      OPENED,
      ...[0, 16, 32].map((piece) => `preadv2(3, …, 1, ${piece * 8192}, RWF_NOWAIT) = 1 (INJECTED)`),
      CLOSED,
    ])
  },
)

test('all is read ahead, in pieces of 128 KiB, when a page is not in memory', needsStrace, (t) => {
  const program = addStub(compile(t, ['-static', '-no-pie', LAST]))
  const [opened, tried, ...others] = trace(program, 'preadv2:error=EAGAIN')
  assert.equal(opened, OPENED)
  assert.match(tried ?? '', /^preadv2\(3, …, 1, 0, RWF_NOWAIT\) = -1 EAGAIN/)
  assert.deepEqual(others, [
    'readahead(3, 0, 8192) = 0',
    `readahead(3, ${5 * 4096}, 131072) = 0`,
    `readahead(3, ${37 * 4096}, 131072) = 0`,
    `readahead(3, ${69 * 4096}, ${6 * 4096}) = 0`,
    CLOSED,
  ])
})

test('all is read ahead when a kernel or a file system cannot tell what is in memory', needsStrace, (t) => {
  const program = addStub(compile(t, ['-static', '-no-pie', LAST]))
  for (const error of ['ENOSYS', 'EOPNOTSUPP', 'EINVAL', 'EPERM']) {
    const calls = trace(program, `preadv2:error=${error}`)
    assert.equal(calls.filter((call) => call.startsWith('readahead(')).length, 4, error)
  }
})

test('the program runs when there is no /proc, or nothing can be read ahead', needsStrace, (t) => {
  const program = addStub(compile(t, ['-static', '-no-pie', LAST]))
  for (const error of ['ENOENT', 'EACCES', 'EMFILE']) {
    const calls = trace(program, `openat:error=${error}`)
    assert.equal(calls.length, 1, `${error}: ${calls}`)
  }
  const refused = trace(program, 'preadv2:error=EPERM', 'readahead:error=EPERM', 'close:error=EPERM')
  assert.equal(refused.filter((call) => call.includes('EPERM')).length, 6)
})
