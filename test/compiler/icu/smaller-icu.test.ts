/** Compares a Node.js with less ICU data to the one it is made of, over all that depends on that data. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { makeNodeSmaller } from '../../../src/compiler/base-node/smaller-node.ts'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { IcuDataError, readCommonData } from '../../../src/compiler/icu/common-data.ts'
import { keptLocales, localesOf, UnknownLocaleError } from '../../../src/compiler/icu/locales.ts'
import { makeIcuSmaller } from '../../../src/compiler/icu/smaller-icu.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const EVERYTHING = fileURLToPath(new URL('../../fixtures/intl/everything.cjs', import.meta.url))
/** It is made of the collations of all locales that are there. */
const DIFFERS = 'values of collation'
const MAXIMUM_DEATHS = 60

const original = readFileSync(process.execPath)
const data = (bytes: Buffer) => {
  const symbol = findSymbol(bytes, parseElf(bytes, 'node'), /^icudt\d+_dat$/)
  assert.ok(symbol)
  return bytes.subarray(symbol.offset, symbol.offset + symbol.size)
}
const { items } = readCommonData(data(original))
const allLocales = localesOf(items, '')
const kept = (...named: string[]) => keptLocales(items, named)

function nodeWith(t: TestContext, locales: readonly string[] | undefined): string {
  const file = join(temporaryFolder(t), 'node')
  writeFileSync(file, makeIcuSmaller(original, 'node', locales), { mode: 0o755 })
  return file
}

/** By what is asked, what Node.js says to it, or by which signal it ends of that. */
function everything(node: string, locales: readonly string[]): Record<string, unknown> {
  const deaths: Record<string, string> = {}
  while (Object.keys(deaths).length < MAXIMUM_DEATHS) {
    const { status, signal, stdout, stderr, error } = spawnSync(node, [EVERYTHING, ...locales], {
      maxBuffer: 1 << 28,
      timeout: 120_000,
      env: { LANG: 'en_US.UTF-8', SKIPPED: JSON.stringify(Object.keys(deaths)) },
    })
    if (status === 0) {
      return { ...JSON.parse(stdout.toString()), ...deaths }
    }
    const asked = stderr.toString().split('\n\n', 1)[0]?.trimEnd().split('\n').at(-1)
    const isFatal = signal === 'SIGTRAP' || signal === 'SIGILL' || signal === 'SIGABRT'
    if (error || !isFatal || !asked || asked in deaths) {
      throw new Error(`${node} ended with ${signal ?? status}: ${stderr.toString().slice(-2000)}`, {
        cause: error,
      })
    }
    deaths[asked] = signal
  }
  throw new Error(`${node} ended of ${MAXIMUM_DEATHS} questions: ${JSON.stringify(deaths)}`)
}

function assertSame(node: string, locales: readonly string[], except: readonly string[] = []): void {
  const expected = everything(process.execPath, locales)
  const actual = everything(node, locales)
  assert.ok(Object.keys(expected).length > 300)
  for (const [key, value] of Object.entries(expected)) {
    if (!except.includes(key)) {
      assert.deepEqual(actual[key], value, key)
    }
  }
}

function evaluate(node: string, expression: string, env: NodeJS.ProcessEnv = {}) {
  return JSON.parse(execFileSync(node, ['-p', `JSON.stringify(${expression})`], { env }).toString())
}

const bcp47 = (locale: string) => locale.replaceAll('_', '-')

test('without data that JavaScript cannot reach everything is as before, in every encoding and in locales of each script', (t) => {
  const node = nodeWith(t, undefined)
  assertSame(node, [
    'en',
    'de',
    'ja',
    'zh-TW',
    'yue',
    'ar',
    'he',
    'th',
    'hi',
    'ko',
    'lo',
    'my',
    'km',
    'ru',
    'el',
    'tr',
  ])
})

test('with the data of some locales those are as before, their regions, scripts and parents with them', (t) => {
  assertSame(nodeWith(t, ['en']), ['en', 'en-US', 'en-GB', 'en-IN', 'en-150'], [DIFFERS])
  const others = ['de-AT', 'de', 'sr', 'sr-Latn-ME', 'sr-Cyrl-RS', 'zh-TW', 'zh-Hant', 'nb', 'no', 'en-US']
  assertSame(nodeWith(t, ['de-AT', 'sr', 'zh-TW', 'nb']), others, [DIFFERS])
})

test('whatever locales are chosen, they are as before', { timeout: 600_000 }, (t) => {
  const choice = fc.uniqueArray(fc.constantFrom(...allLocales), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(choice, (chosen) => {
      assertSame(nodeWith(t, chosen), chosen.map(bcp47), [DIFFERS])
    }),
    { numRuns: 4 },
  )
})

test('a question that Node.js itself dies of is no difference, and what else is asked is compared', (t) => {
  // Galician dates of calendars with eras have a field, in ICU 78, that V8 takes for unreachable code.
  assertSame(nodeWith(t, ['gl']), ['gl'], [DIFFERS])
})

test('Intl falls back to en-US for locales that were left out, and nothing breaks', (t) => {
  const node = nodeWith(t, ['ja'])
  const german = `[new Intl.DateTimeFormat('de', { timeZone: 'UTC' }).format(0), (1234.5).toLocaleString('de'),
    new Intl.NumberFormat('de').resolvedOptions().locale, Intl.DateTimeFormat.supportedLocalesOf(['de', 'ja', 'en']),
    new Intl.DisplayNames('de', { type: 'region' }).of('DE'), 'b'.localeCompare('a', 'de')]`
  const expected = ['1/1/1970', '1,234.5', 'en-US', ['ja', 'en'], 'Germany', 1]
  assert.deepEqual(evaluate(node, german), expected)
  assert.deepEqual(evaluate(node, german, { LANG: 'en_US.UTF-8' }), expected)
  // The machine's own locale is one that was left out: then it is ICU's root.
  assert.equal(
    evaluate(node, `new Date(0).toLocaleString('de', { timeZone: 'UTC' })`, { LANG: 'de_DE.UTF-8' }),
    '1970-01-01 00:00:00',
  )
  const said = everything(
    node,
    allLocales.map(bcp47).filter((_, index) => index % 7 === 0),
  )
  assert.ok(Object.keys(said).length > 10_000)
})

test('text without spaces is divided into words by a dictionary if a locale is kept that is written so', (t) => {
  const divided = (node: string) =>
    evaluate(
      node,
      `['今日は良い天気です', 'สวัสดีชาวโลก'].map((text) =>
      Array.from(new Intl.Segmenter('en', { granularity: 'word' }).segment(text), ({ segment }) => segment).join('|'))`,
    )
  const [japanese, thai] = divided(process.execPath)
  assert.deepEqual(divided(nodeWith(t, ['ja'])), [japanese, 'สวัสดีชาวโลก'])
  assert.deepEqual(divided(nodeWith(t, ['th'])), ['今日は良い天気です', thai])
  assert.deepEqual(divided(nodeWith(t, ['en'])), ['今日は良い天気です', 'สวัสดีชาวโลก'])
})

test('a locale is kept with all of its language, its parents, and the names that stand for it', () => {
  for (const [named, there] of [
    ['en', 'en_IN'],
    ['zh-tw', 'zh_Hant_TW'],
    ['zh_Hant', 'zh_TW'],
    ['sr', 'sr_Latn_RS'],
    ['he', 'iw'],
    ['no', 'nb'],
    ['nb', 'no'],
    ['ja', 'en_US'],
    ['pt-PT', 'pt_BR'],
    ['de-AT', 'de_CH'],
    ['iw', 'he_IL'],
    ['sh', 'sr_Cyrl'],
  ] as const) {
    assert.ok(kept(named).has(there), `${there} with ${named}`)
  }
  assert.ok(!kept('en').has('de'))
  assert.ok(!kept('ja').has('en_GB'))
})

test('a locale that is not there is told, with those that are', () => {
  for (const name of ['xx', 'root', 'res_index', 'pool', 'en-DE-x-klingon', '']) {
    assert.throws(
      () => makeIcuSmaller(original, 'node', ['en', name]),
      (error: unknown) =>
        error instanceof UnknownLocaleError && error.locale === name && error.known.includes('zh-Hant-TW'),
    )
  }
})

test('nothing moves: the block begins where it began, and what is left of its place is zeros', () => {
  const smaller = makeIcuSmaller(original, 'node', ['en'])
  assert.equal(smaller.length, original.length)
  const [from, to] = [data(original), data(smaller)]
  const start = from.byteOffset - original.byteOffset
  assert.ok(smaller.subarray(0, start).equals(original.subarray(0, start)))
  assert.ok(smaller.subarray(start + from.length).equals(original.subarray(start + from.length)))
  const rest = to.subarray(to.length / 3)
  assert.ok(rest.equals(Buffer.alloc(rest.length)))
  const packed = [from, data(makeIcuSmaller(original, 'node', undefined)), to].map(
    (block) => deflateRawSync(block).length,
  )
  const [all = 0, reachable = 0, english = 0] = packed
  assert.ok(reachable < 0.8 * all && english < 0.15 * all, packed.join(' '))
})

test('what is smaller stays as it is when it is made smaller again, and locales can be chosen of it', () => {
  const once = makeNodeSmaller(original, 'node', undefined)
  assert.ok(makeNodeSmaller(once, 'node', undefined).equals(once))
  const english = makeNodeSmaller(original, 'node', ['en'])
  assert.ok(makeNodeSmaller(once, 'node', ['en']).equals(english))
  assert.ok(makeNodeSmaller(english, 'node', ['en']).equals(english))
  assert.throws(() => makeNodeSmaller(english, 'node', ['de']), UnknownLocaleError)
})

test('a program without such data is left alone, and refused when locales are wanted of it', () => {
  const shell = readFileSync('/bin/sh')
  assert.equal(makeIcuSmaller(shell, 'sh', undefined), shell)
  assert.throws(() => makeIcuSmaller(shell, 'sh', ['en']), IcuDataError)
})

test('data that is damaged is left alone, and refused when locales are wanted of it', (t) => {
  for (const damage of [
    (block: Buffer) => block.fill(0, 0, 100),
    (block: Buffer) => block.fill(0xff, block.readUInt16LE(0), block.readUInt16LE(0) + 50),
    (block: Buffer) => block.write('x', block.indexOf('cnvalias.icu')),
  ]) {
    const damaged = Buffer.from(original)
    damage(data(damaged))
    assert.ok(makeIcuSmaller(damaged, 'node', undefined).equals(damaged))
    assert.throws(() => makeIcuSmaller(damaged, 'node', ['en']), IcuDataError)
  }
  t.diagnostic(`ICU ${process.versions.icu}`)
})

test('the parts of ICU whose data is left out are not in Node.js', () => {
  const exported = (name: string) =>
    findSymbol(original, parseElf(original, 'node'), new RegExp(`^${name}(_\\d+)?$`))
  assert.ok(exported('ucnv_open'), 'this would be seen')
  for (const name of ['utrans_openU', 'usprep_open', 'uspoof_open']) {
    assert.equal(exported(name), undefined)
  }
  assert.equal(spawnSync(process.execPath, ['-e', '/\\p{Name=DIGIT ONE}/u']).status, 1)
  assert.throws(() => new Intl.Segmenter('en', { granularity: 'line' as 'word' }), RangeError)
  assert.equal('v8BreakIterator' in Intl, false)
})
