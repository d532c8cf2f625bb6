/** Executables with the locales that a user names. */

import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const here = process.arch === 'arm64' ? 'arm64' : 'x64'
const FUNCTION = `
  export const handler = async (event: { locales: (string | null)[] }) =>
    event.locales.map((locale) => new Date(0).toLocaleString(locale ?? undefined, { dateStyle: 'long', timeZone: 'UTC' }))`

test('a function has the locales that it was built with, and en-US for others and for none', async (t) => {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, 'dates.ts': FUNCTION })
  const build = ['build', 'dates.ts', '--arch', here, '--json', '--intl', 'ja,de_AT', '--intl', 'ja']
  const { status, stdout, stderr } = await runLambdabin(build, { cwd: folder })
  assert.equal(status, 0, stderr)
  const [built] = JSON.parse(stdout).functions
  assert.deepEqual(built.intl, ['ja', 'de-AT'])
  assert.deepEqual(built.shortcomings, [])
  assert.match(stderr, /executable .*, Intl for ja, de-AT\n/)
  assert.ok(built.zipBytes < 33e6, `${built.zipBytes}`)
  assert.ok(statSync(built.zip).size === built.zipBytes)

  const event = JSON.stringify({ locales: ['ja', 'de-AT', 'fr', 'en-US', null] })
  const invoked = await runLambdabin(['invoke', built.zip, '--timeout', '30', '--event', event])
  assert.equal(invoked.status, 0, invoked.stderr)
  const english = 'January 1, 1970'
  assert.deepEqual(JSON.parse(invoked.stdout), ['1970年1月1日', '1. Jänner 1970', english, english, english])
})

test('a locale that Node.js does not know is wrong usage: one sentence with what may be meant, and no files', async (t) => {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, 'dates.ts': FUNCTION })
  for (const [locale, remedy] of [
    ['zh-Hans-TW', /did you mean zh-Hans?/],
    ['klingon', /name others, or leave --intl out/],
  ] as const) {
    const { status, stderr } = await runLambdabin(['build', 'dates.ts', '--intl', `en,${locale}`], {
      cwd: folder,
    })
    assert.equal(status, 2, stderr)
    assert.match(
      stderr,
      new RegExp(`\nlambdabin: --intl expects locales that Node.js knows, and ${locale} is none; [^\n]+\n$`),
    )
    assert.match(stderr, remedy)
    assert.equal(existsSync(join(folder, 'dist')), false)
  }
})
