import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Results } from '../../scripts/bench/results.ts'
import { hasCommand } from '../../scripts/bench/runtime-api-server.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

const BENCH = fileURLToPath(new URL('../../scripts/bench/bench.ts', import.meta.url))
const ONCE =
  '--starts 1 --cold-starts 0 --warm-runs 1 --any-cpu-starts 0 --any-cpu-warm-runs 0 --store-starts 0'.split(
    ' ',
  )
const skip = hasCommand('cc', '--version') ? false : 'there is no cc to compile the server with'

function bench(...args: string[]) {
  return promisify(execFile)(process.execPath, [BENCH, ...args], { timeout: 400_000 })
}

test('a small run measures both functions, and writes a report, a chart and what it measured', {
  skip,
}, async (t) => {
  const out = temporaryFolder(t)
  const only = ['--only', 'lambdabin,node-http,c', '--functions', 'echo,sdk', '--no-sizes', '--out', out]
  const { stdout } = await bench(...only, ...ONCE, '--invocations', '50')
  assert.equal(readFileSync(join(out, 'benchmark.md'), 'utf8'), stdout)
  for (const name of ['**lambdabin**', 'plain node:http', 'C, bare socket']) {
    assert.ok(stdout.includes(`\n| ${name} | `), name)
  }
  assert.match(readFileSync(join(out, 'benchmark.svg'), 'utf8'), /echo: first response, ms/)
  const { contenders }: Results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
  assert.deepEqual(
    contenders.map(({ function: name, id }) => `${name} ${id}`),
    ['echo lambdabin', 'echo node-http', 'echo c', 'sdk lambdabin', 'sdk node-http'],
  )
  for (const { measurements } of contenders) {
    assert.equal(measurements.start?.length, 1)
    assert.equal(measurements.warm?.[0]?.invocations, 50)
  }
  const { stdout: again } = await bench('--from', join(out, 'results.json'), '--out', temporaryFolder(t))
  assert.equal(again, stdout)
})

test('a function that calls AWS is measured with the CPU that its memory buys, or with a whole one', {
  skip,
}, async (t) => {
  const out = temporaryFolder(t)
  const only = ['--only', 'lambdabin,node-http', '--functions', 'get-item', '--no-sizes', '--out', out]
  const { stdout } = await bench(...only, '--memory-starts', '1')
  const { contenders, leftOut }: Results = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'))
  const isShared = !leftOut.some((sentence) => sentence.includes('quotas take root'))
  for (const { measurements } of contenders) {
    assert.equal(measurements.start, undefined)
    assert.equal(measurements.memory1769?.length, 1)
    assert.equal(measurements.memory128?.length ?? 0, isShared ? 1 : 0)
    const [{ cpuMsNext, cpuMsStart, cpuMsSecond } = { cpuMsNext: 0, cpuMsStart: 0, cpuMsSecond: 0 }] =
      measurements.memory1769 ?? []
    assert.ok(cpuMsNext > 5 && cpuMsStart > cpuMsNext && cpuMsSecond > 0, JSON.stringify(measurements))
  }
  assert.match(
    stdout,
    /## A function that calls AWS over HTTPS, 1,769 MB\n\n\| {2}\| init: CPU ms \| ms \| first/,
  )
})

test('wrong options are refused with what was expected', async () => {
  const refusal = async (...args: string[]) => {
    const error = await bench(...args).then(
      () => assert.fail('it ran'),
      (reason) => reason,
    )
    assert.equal(error.code, 2)
    return error.stderr
  }
  assert.match(
    await refusal('--only', 'lambdabin,ruby'),
    /^--only expects names of lambdabin, .* got "ruby"\n$/,
  )
  assert.match(
    await refusal('--starts', 'many'),
    /^--starts expects a whole number of at least 0, and got "many"\n$/,
  )
  assert.match(await refusal('--invocations', '1'), /at least 2, and got "1"/)
  assert.match(await refusal('--fast'), /'--fast'.*Usage: npm run bench/s)
})
