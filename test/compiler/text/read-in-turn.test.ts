import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'

const folder = mkdtempSync(join(tmpdir(), 'lambdabin-read-in-turn-'))
const files = Array.from({ length: 1200 }, (_, number) => join(folder, 'modules', `${number}.js`))
mkdirSync(join(folder, 'modules'))
for (const [number, file] of files.entries()) {
  writeFileSync(file, `await ${number}`)
}

after(() => rmSync(folder, { recursive: true, force: true }))

/** What `program` writes where a process may have `limit` files open. */
function run(program: string, limit: number): string {
  const command = [
    '-c',
    `ulimit -n ${limit} && exec "$0" "$@"`,
    process.execPath,
    '--input-type=module',
    '-e',
  ]
  return execFileSync('sh', [...command, program], { encoding: 'utf8', timeout: 120_000 })
}

function module(path: string): string {
  return JSON.stringify(new URL(`../../../src/compiler/${path}`, import.meta.url))
}

test('more files are read than a process may have open, each as it is', () => {
  const program = `
    import { readText } from ${module('text/read-in-turn.ts')}
    const texts = await Promise.all(${JSON.stringify(files)}.map(readText))
    process.stdout.write(JSON.stringify(texts))`
  assert.deepEqual(
    JSON.parse(run(program, 128)),
    files.map((_, number) => `await ${number}`),
  )
})

test('a file that is not there is told as that, and the others are read all the same', () => {
  const program = `
    import { readBytes } from ${module('text/read-in-turn.ts')}
    const names = ${JSON.stringify(files)}.flatMap((file) => [file + '.gone', file])
    const read = await Promise.all(names.map((name) => readBytes(name).catch(({ code }) => code)))
    process.stdout.write(JSON.stringify(Object.groupBy(read, (each) => typeof each === 'string' ? each : 'read')))`
  const { ENOENT, read } = JSON.parse(run(program, 128))
  assert.deepEqual([ENOENT.length, read.length], [1200, 1200])
})

test('lambdabin knows its own version where a process may have fewer files open than it has', () => {
  const program = `
    import { ownVersion } from ${module('cache/own-version.ts')}
    process.stdout.write(await ownVersion())`
  assert.equal(run(program, 128), run(program, 4096))
})

test('modules of a large function are known by what is in them there', () => {
  const program = `
    import { ModuleInputs } from ${module('bundle/division/module-inputs.ts')}
    const inputs = await new ModuleInputs('/', undefined).of(${JSON.stringify(files)})
    process.stdout.write(inputs.join(' '))`
  assert.match(run(program, 128), /await 1199/)
})
