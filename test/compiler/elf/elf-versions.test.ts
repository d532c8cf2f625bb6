import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ElfFormatError, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import {
  compareVersions,
  neededSymbolVersions,
  neededVersion,
} from '../../../src/compiler/elf/elf-versions.ts'
import { runtimesWith } from '../../../src/compiler/package/lambda-runtimes.ts'

/** What `readelf -V` lists under "Version needs section", by library; undefined where there is no readelf. */
function readelfNeeds(file: string): Record<string, string[]> | undefined {
  const readelf = spawnSync('readelf', ['-V', '-W', file], { encoding: 'utf8', maxBuffer: 1 << 26 })
  if (readelf.error !== undefined && 'code' in readelf.error && readelf.error.code === 'ENOENT') {
    return undefined
  }
  assert.equal(readelf.status, 0, readelf.stderr)
  const needs: Record<string, string[]> = {}
  let current: string[] = []
  for (const line of readelf.stdout.split('\n')) {
    const library = /File: (\S+)\s+Cnt:/.exec(line)?.[1]
    const version = /Name: (\S+)\s+Flags:.*Version:/.exec(line)?.[1]
    if (library) {
      current = []
      needs[library] = current
    } else if (version) {
      current.push(version)
    }
  }
  return needs
}

for (const file of [process.execPath, '/bin/sh']) {
  test(`the symbol versions that ${file.split('/').at(-1)} needs are those that readelf lists`, (t) => {
    const expected = readelfNeeds(file)
    if (expected === undefined) {
      t.skip('no readelf here')
      return
    }
    assert.ok(Object.keys(expected).length > 0)
    assert.deepEqual(Object.fromEntries(neededSymbolVersions(readFileSync(file), file)), expected)
  })
}

test('the newest release counts by number, not by letter: 2.28 is newer than 2.3.4 and 2.9', () => {
  assert.deepEqual(['2.9', '2.28', '2.3.4', '2.17'].sort(compareVersions), ['2.3.4', '2.9', '2.17', '2.28'])
  assert.equal(compareVersions('2.0', '2'), 0)
  assert.equal(
    neededVersion(readFileSync(process.execPath), 'node', 'GLIBC'),
    newestByReadelf('GLIBC') ?? '2.28',
  )
})

function newestByReadelf(prefix: string): string | undefined {
  return Object.values(readelfNeeds(process.execPath) ?? {})
    .flat()
    .filter((name) => name.startsWith(`${prefix}_`))
    .map((name) => name.slice(prefix.length + 1))
    .sort(compareVersions)
    .at(-1)
}

test('a file without version needs asks for no glibc', () => {
  const bytes = Buffer.from(readFileSync('/bin/sh'))
  const { sections, sectionHeaders } = parseElf(bytes, 'sh')
  const needs = sections.find(({ name }) => name === '.gnu.version_r')
  assert.ok(needs)
  bytes.writeUInt32LE(1, sectionHeaders.offset + needs.index * sectionHeaders.entrySize + 4)
  assert.equal(neededVersion(bytes, 'sh', 'GLIBC'), undefined)
})

test('version needs that lead out of the file are an error, not a wrong answer', () => {
  const bytes = Buffer.from(readFileSync('/bin/sh'))
  const needs = parseElf(bytes, 'sh').sections.find(({ name }) => name === '.gnu.version_r')
  assert.ok(needs)
  bytes.writeUInt32LE(0x7fffffff, needs.offset + 8)
  assert.throws(() => neededSymbolVersions(bytes, 'sh'), ElfFormatError)
})

for (const [needed, expected] of [
  [{ glibc: undefined, libstdcxx: undefined }, ['provided', 'provided.al2', 'provided.al2023']],
  [{ glibc: '2.17', libstdcxx: '3.4.19' }, ['provided', 'provided.al2', 'provided.al2023']],
  [{ glibc: '2.17', libstdcxx: '3.4.21' }, ['provided.al2', 'provided.al2023']],
  [{ glibc: '2.18', libstdcxx: undefined }, ['provided.al2', 'provided.al2023']],
  [{ glibc: '2.28', libstdcxx: '3.4.21' }, ['provided.al2023']],
  [{ glibc: '2.35', libstdcxx: undefined }, []],
] as const) {
  test(`glibc ${needed.glibc} and libstdc++ ${needed.libstdcxx} are on ${expected.join(', ') || 'no runtime'}`, () => {
    assert.deepEqual(
      runtimesWith(needed).map(({ name }) => name),
      expected,
    )
  })
}
