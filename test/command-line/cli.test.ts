import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { nearestName } from '../../src/configuration/nearest-name.ts'
import { runLambdabin } from '../support/projects/command.ts'

test('--help names the commands, on stdout, and succeeds', async () => {
  const { status, stdout, stderr } = await runLambdabin(['--help'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(stdout, /build <entry>/)
  assert.match(stdout, /invoke <zip\|folder>/)
})

for (const [command, option] of [
  ['build', '--external'],
  ['invoke', '--event-file'],
  ['serve', '--watch'],
  ['inspect', '--json'],
] as const) {
  test(`${command} --help explains its options`, async () => {
    const { status, stdout } = await runLambdabin([command, 'x.ts', '--help'])
    assert.equal(status, 0)
    assert.match(stdout, new RegExp(`^Usage: lambdabin ${command} `))
    assert.match(stdout, new RegExp(`\n  ${option} `))
  })
}

test('--version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const { status, stdout } = await runLambdabin(['--version'])
  assert.deepEqual([status, stdout], [0, `${version}\n`])
})

for (const [args, message] of [
  [[], 'expected a command, init, build, invoke, serve, inspect, layer, or prefetch; see lambdabin --help'],
  [['biuld'], 'there is no command biuld; did you mean build?'],
  [['publish'], 'there is no command publish; see lambdabin --help'],
  [['constructor'], 'there is no command constructor; see lambdabin --help'],
  [['--verison'], 'there is no option --verison; did you mean --version?'],
  [['build', 'a.ts', '--outdir', 'x'], 'build has no option --outdir; did you mean --out-dir?'],
  [['build', 'a.ts', '--no-minfy'], 'build has no option --no-minfy; did you mean --no-minify?'],
  [['build', 'a.ts', '-x'], 'build has no option -x; see lambdabin build --help'],
] as const) {
  test(`wrong usage ends with status 2 and one sentence: ${['lambdabin', ...args].join(' ')}`, async () => {
    const { status, stdout, stderr } = await runLambdabin(args)
    assert.deepEqual([status, stdout, stderr], [2, '', `lambdabin: ${message}\n`])
  })
}

test('the nearest name is meant only if it is near', () => {
  assert.equal(nearestName('bild', ['build', 'invoke']), 'build')
  assert.equal(nearestName('invok', ['build', 'invoke']), 'invoke')
  assert.equal(nearestName('frobnicate', ['build', 'invoke']), undefined)
  assert.equal(nearestName('', ['build']), undefined)
  assert.equal(nearestName('x', []), undefined)
})
