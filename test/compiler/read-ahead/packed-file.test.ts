/** Programs in C, with a blob as pkg adds it, whose pages are laid side by side: they must run as before. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { lastSegmentOffset } from '../../../src/compiler/elf/entry-code.ts'
import { GatheredBytes } from '../../../src/compiler/elf/gathered-bytes.ts'
import { packHotPages } from '../../../src/compiler/read-ahead/packed-file.ts'
import { PAGE_BYTES, type PageRange, pagesOf } from '../../../src/compiler/read-ahead/page-ranges.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { readOwnFileTable } from '../../support/own-file-table.ts'

const COMPILERS = { x64: 'x86_64-linux-gnu-gcc', arm64: 'aarch64-linux-gnu-gcc' }
const source = (name: string) => fileURLToPath(new URL(`../../fixtures/packed/${name}`, import.meta.url))
const isRoot = process.getuid?.() === 0

interface Program {
  readonly folder: string
  readonly file: string
  readonly bytes: Buffer
  /** Each second page of its code and read-only data. */
  readonly hot: readonly PageRange[]
}

/** Undefined, and the test is skipped, where there is no compiler. */
async function compile(
  t: TestContext,
  arch: Architecture,
  ...options: string[]
): Promise<Program | undefined> {
  const folder = temporaryFolder(t)
  const file = join(folder, 'program')
  const library = ['-shared', '-fPIC', '-o', join(folder, 'libearly.so'), source('library.c')]
  const program = [
    '-rdynamic',
    '-o',
    file,
    source('program.c'),
    `-L${folder}`,
    '-learly',
    '-Wl,-rpath,$ORIGIN',
  ]
  for (const parameters of [
    library,
    [...(options.length > 0 ? options : ['-no-pie', '-fno-pie']), ...program],
  ]) {
    const { status, stderr } = spawnSync(COMPILERS[arch], ['-O1', ...parameters], { encoding: 'utf8' })
    if (status === null) {
      t.skip(`${COMPILERS[arch]} is not installed (Debian: gcc gcc-aarch64-linux-gnu)`)
      return undefined
    }
    assert.equal(status, 0, stderr)
  }
  const postject = createRequire(import.meta.resolve('@yao-pkg/pkg/lib-es5/sea.js'))('postject')
  await postject.inject(file, 'BLOB', Buffer.from('what is added'.repeat(40_000)))
  const bytes = readFileSync(file)
  const elf = parseElf(bytes, file)
  const hot = elf.sections
    .filter(({ name }) => name === '.text' || name === '.rodata')
    .map(({ offset, size }) => pagesOf(offset, offset + size))
    .flatMap(({ start, count }) =>
      Array.from({ length: count }, (_, page) => ({ start: start + page, count: 1 })),
    )
    .filter(({ start }) => start % 2 === 0)
  return { folder, file, bytes, hot }
}

function pack({ file, bytes, hot }: Program, ofSmall?: readonly PageRange[]): Buffer {
  const content = lastSegmentOffset(bytes, file) ?? 0
  const packed = packHotPages(GatheredBytes.of(bytes), file, {
    ofNode: hot,
    ofSmall,
    ofContent: ofSmall ? [] : [pagesOf(content, bytes.length)],
    together: [],
  })?.toBuffer()
  assert.ok(packed, 'it is packed')
  writeFileSync(file, packed, { mode: 0o755 })
  return packed
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`a program whose pages are side by side runs, and so does what libraries call of it as they are loaded, ${arch}`, async (t) => {
    const program = await compile(t, arch)
    if (program === undefined) {
      return
    }
    const runner = arch === process.arch ? [] : emulator(t)
    if (runner === undefined) {
      return
    }
    const [command = '', ...parameters] = [...runner, program.file]
    const before = spawnSync(command, parameters, { encoding: 'utf8' })
    assert.deepEqual([before.status, before.stdout], [0, 'all right\n'], before.stderr)
    const packed = pack(program)
    const { status, stdout, stderr, signal } = spawnSync(command, parameters, { encoding: 'utf8' })
    assert.deepEqual([status, signal, stdout], [0, null, 'all right\n'], stderr)

    const table = readOwnFileTable(packed, arch)
    assert.ok(table.map.length > 10, 'there is something to map')
    for (const [index, { start, count }] of table.map.entries()) {
      const place = table.firstMapped + table.map.slice(0, index).reduce((sum, run) => sum + run.count, 0)
      const there = packed.subarray(place * PAGE_BYTES, (place + count) * PAGE_BYTES)
      assert.ok(
        there.some((byte) => byte !== 0),
        `page ${start} is in its new place`,
      )
    }
  })
}

/** Undefined, and the test is skipped, where it is not installed. */
function emulator(t: TestContext): readonly string[] | undefined {
  if (spawnSync('qemu-aarch64-static', ['--version']).status !== 0) {
    t.skip('qemu-user is not installed (Debian: qemu-user-static)')
    return undefined
  }
  return ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu']
}

for (const arch of ['x64', 'arm64'] as const) {
  test(`a program for functions of several kinds runs for each of them, ${arch}`, async (t) => {
    const program = await compile(t, arch)
    const runner = arch === process.arch ? [] : emulator(t)
    if (program === undefined || runner === undefined) {
      return
    }
    const packed = pack(program, program.hot.slice(5, 8))
    const { read, map } = readOwnFileTable(packed, arch)
    assert.ok(read.length >= 3 && map.length > 10, `${read.length} ranges, ${map.length} runs`)
    const [command = '', ...parameters] = [...runner, program.file]
    for (const env of [
      {},
      { LAMBDABIN_SMALL: '1' },
      { LAMBDABIN_SMALL: '' },
      { LAMBDABIN_SMALLER: '1', LAMBDABIN: '', L: '' },
    ]) {
      const run = { encoding: 'utf8', env: { ...process.env, ...env } } as const
      const { status, stdout, stderr } = spawnSync(command, parameters, run)
      assert.deepEqual([status, stdout], [0, 'all right\n'], `${JSON.stringify(env)} ${stderr}`)
    }
  })
}

test('a small function has less of it read ahead', async (t) => {
  const program = await compile(t, process.arch as Architecture)
  if (program === undefined) {
    return
  }
  pack(program, program.hot.slice(0, 1))
  const readAhead = (env: NodeJS.ProcessEnv): number => {
    const { file } = program
    spawnSync('sync', [file])
    spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'])
    const before = inMemory(file)
    const { status } = spawnSync(file, { env: { ...process.env, EARLY_EXIT: '1', ...env } })
    assert.equal(status, 0)
    return before < 4 ? inMemory(file) : Number.NaN
  }
  const [all, small] = [readAhead({}), readAhead({ LAMBDABIN_SMALL: '1' })]
  if (Number.isNaN(all)) {
    t.skip('fincore is not installed (Debian: util-linux), or this file system keeps its files in memory')
    return
  }
  assert.ok(small + 8 <= all, `${small} pages, and ${all} for others`)
})

/** How many pages of a file are; not a number where that cannot be told. */
function inMemory(file: string): number {
  return Number(spawnSync('fincore', ['-n', '-o', 'PAGES', file], { encoding: 'utf8' }).stdout ?? Number.NaN)
}

test('it runs where /proc is not mounted, by the path that it was started by', {
  skip: !isRoot && 'unmounting /proc takes root',
}, async (t) => {
  const program = await compile(t, process.arch as Architecture)
  if (program === undefined) {
    return
  }
  pack(program)
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      '-c',
      'umount -l /proc && cd "$1" && LD_LIBRARY_PATH=. exec ./program',
      'sh',
      program.folder,
    ],
    { encoding: 'utf8' },
  )
  assert.deepEqual([status, stdout], [0, 'all right\n'], stderr)
})

test('ldd lists its libraries, and a library is preloaded into it', async (t) => {
  const program = await compile(t, process.arch as Architecture)
  if (program === undefined) {
    return
  }
  pack(program)
  assert.match(
    spawnSync('ldd', [program.file], { encoding: 'utf8' }).stdout,
    /libearly\.so => .*\/libearly\.so/,
  )
  const env = { ...process.env, LD_PRELOAD: join(program.folder, 'libearly.so') }
  assert.equal(spawnSync(program.file, { encoding: 'utf8', env }).stdout, 'all right\n')
})

test('a program whose addresses are not known before it runs is left as it is', async (t) => {
  const program = await compile(t, process.arch as Architecture, '-pie', '-fPIE')
  if (program === undefined) {
    return
  }
  const { bytes, file, hot } = program
  assert.equal(
    packHotPages(GatheredBytes.of(bytes), file, { ofNode: hot, ofContent: [], together: [] }),
    undefined,
  )
})

test('one whose list for the dynamic linker has no room is left as it is', async (t) => {
  const program = await compile(t, process.arch as Architecture)
  if (program === undefined) {
    return
  }
  const { bytes, file, hot } = program
  const dynamic = parseElf(bytes, file).sections.find(({ name }) => name === '.dynamic')
  assert.ok(dynamic)
  let at = dynamic.offset
  while (bytes.readBigUInt64LE(at) !== 0n) {
    at += 16
  }
  // In the last entry but one of those that are empty: an entry of no meaning.
  bytes.writeBigUInt64LE(0x6ffffeffn, at + 32)
  assert.equal(
    packHotPages(GatheredBytes.of(bytes), file, { ofNode: hot, ofContent: [], together: [] }),
    undefined,
  )
})
