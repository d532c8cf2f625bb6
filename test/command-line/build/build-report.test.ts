import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonReport, packageWarnings, textReport } from '../../../src/command-line/build/build-report.ts'
import type { BuiltFunction } from '../../../src/compiler/built-function.ts'

const MIB = 1024 * 1024

const built: BuiltFunction = {
  name: 'orders',
  entry: '/project/orders.ts',
  arch: 'x64',
  nodeVersion: '24.21.0',
  locales: undefined,
  zip: '/project/dist/orders.zip',
  folder: '/project/dist/orders',
  executableBytes: 109_316_096,
  zipBytes: 50 * MIB,
  unpackedBytes: 250 * MIB,
  codeSha256: 'abc=',
  glibc: '2.17',
  runtimes: ['provided', 'provided.al2', 'provided.al2023'],
  exports: ['handler'],
  handlers: ['orders'],
  warnings: [],
  notes: [],
  environmentRead: [],
  unanswered: [],
  packagesWithoutAddon: [],
  shipped: [],
  packageNotes: [],
  isUnchanged: false,
  isForLayer: false,
  steps: [{ name: 'bundle', ms: 120 }],
}

test('a package at AWS Lambda’s limits gets no warning, one a byte over gets one for each', () => {
  assert.deepEqual(packageWarnings(built), [])
  const [zip = '', unpacked = '', ...others] = packageWarnings({
    ...built,
    zipBytes: 50 * MIB + 1,
    unpackedBytes: 250 * MIB + 1,
  })
  assert.match(zip, /the zip is 52\.4 MB, .* up to 50 MB directly; upload it to Amazon S3/)
  assert.match(unpacked, /262\.1 MB unpacked, and AWS Lambda refuses more than 250 MB/)
  assert.deepEqual(others, [])
})

test('of a package that is too big, what takes most of it is told', () => {
  const shipped = [3, 90, 60].map((mib) => ({
    ...{ name: `p${mib}`, version: '1.0.0', place: `node_modules/p${mib}`, reason: 'has native addons' },
    ...{ neededBy: undefined, isBundled: false, files: 1, bytes: mib * MIB },
  }))
  const [unpacked = ''] = packageWarnings({ ...built, unpackedBytes: 300 * MIB, shipped })
  assert.match(unpacked, /of what is shipped, p90 takes most, 94\.4 MB: .*--bundle p90, or include less$/)
})

test('why a function does not initialise is told once to people, with what comes of it', () => {
  const failed = {
    ...built,
    initFailure: 'the function does not initialise: no a.txt; ship it with --include a.txt',
    packageNotes: [
      'the function reads a.txt, which is not in the package; ship it with --include a.txt',
      'the function reads b.txt, which is not in the package; ship it with --include b.txt',
    ],
    notes: [
      'the function could not initialise on this machine (no a.txt), so its code cache holds what ran until then',
    ],
  }
  const text = textReport(failed)
  assert.match(text, /warning: the function does not initialise: no a\.txt; ship it with --include a\.txt\n/)
  assert.match(text, /note: the function did not initialise, so its code cache holds what ran until then\n/)
  assert.doesNotMatch(text, /could not initialise|reads a\.txt/)
  assert.match(text, /note: the function reads b\.txt/)
  const [report] = jsonReport([failed]).functions
  assert.deepEqual([report?.notes.length, report?.shortcomings.length, report?.warnings.length], [2, 1, 1])
})

test('that a package be bundled is advised where it can be meant', () => {
  const advice = (more: object) => {
    const shipped = {
      ...{ name: 'big', version: '1.0.0', place: 'node_modules/big', reason: 'reads its files' },
      ...{ neededBy: undefined, isBundled: false, files: 1, bytes: 90 * MIB, ...more },
    }
    return packageWarnings({ ...built, unpackedBytes: 300 * MIB, shipped: [shipped] }).join()
  }
  assert.match(advice({ bytes: 150 * MIB }), /import type; to bundle that much takes minutes/)
  assert.match(advice({ reason: 'was left out with --external' }), /name it no more with --external/)
  assert.match(advice({ isBundled: true }), /for little, or include less$/)
  assert.match(advice({ neededBy: 'other' }), /94\.4 MB, for other: .*--bundle big/)
  for (const more of [
    { bytes: 150 * MIB },
    { reason: 'was left out with --external' },
    { isBundled: true },
  ]) {
    assert.doesNotMatch(advice(more), /--bundle/)
  }
})

test('a package whose addons are for another machine is warned of by name, in both reports', () => {
  const wrong = { ...built, arch: 'arm64' as const, packagesWithoutAddon: ['sharp'] }
  const message = /sharp has native addons, but none for Linux on arm64; install it .*--cpu=arm64 sharp/
  assert.match(textReport(wrong), message)
  assert.match(jsonReport([wrong]).functions[0]?.warnings[0] ?? '', message)
})

test('the summary names the runtimes, and that the oldest one is retired', () => {
  assert.match(
    textReport(built),
    /runs on +provided \(Amazon Linux 1, which AWS has retired\), provided\.al2, provided\.al2023\n/,
  )
  assert.match(
    textReport({ ...built, glibc: '2.38', runtimes: [] }),
    /runs on +none of AWS Lambda’s runtimes/,
  )
  assert.match(
    textReport({ ...built, glibc: '2.39', runtimes: [], tooNew: ['node_modules/a/a.node', 'lib/b.so'] }),
    /runs on +none of AWS Lambda’s runtimes: what node_modules\/a\/a\.node and 1 more needs of the system is too new; take another/,
  )
})

test('the JSON says null, not nothing, for what is not known', () => {
  const unknown = { ...built, glibc: undefined, exports: undefined, handlers: undefined }
  const [report] = jsonReport([unknown]).functions
  assert.deepEqual([report?.glibc, report?.exports, report?.handlers], [null, null, null])
})

test('the summary names the handlers where there are several, or the name alone finds none', () => {
  assert.doesNotMatch(textReport(built), /handlers/)
  assert.match(
    textReport({ ...built, handlers: ['orders', 'orders.create'] }),
    /handlers +orders, orders\.create\n/,
  )
  assert.match(textReport({ ...built, handlers: ['orders.create'] }), /handlers +orders\.create\n/)
  assert.deepEqual(jsonReport([built]).functions[0]?.handlers, ['orders'])
})
