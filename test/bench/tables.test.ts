import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markdownTable, renderReport, renderTables } from '../../scripts/bench/tables.ts'
import { madeUpContender, madeUpMeasurement, madeUpResults } from './made-up-results.ts'

/** The cells of the first line that starts with `name`, by the title of their column. */
function row(report: string, name: string): Map<string, string> {
  const lines = report.split('\n').map((line) => line.slice(2, -2).split(' | '))
  const place = lines.findIndex(([first]) => first === name)
  assert.ok(place > 0, `no row ${name}`)
  const header = lines.slice(0, place).findLast(([first]) => first === '')
  return new Map(header?.map((title, index) => [title, lines[place]?.[index] ?? '']))
}

test('a row has the medians of its runs, in the units of its columns', () => {
  const report = renderReport(madeUpResults([madeUpContender('echo', 'lambdabin', 1)]), 'chart.svg')
  const cells = row(report, '**lambdabin**')
  assert.deepEqual(
    [...cells.entries()].slice(1),
    Object.entries({
      'first `next`, ms': '9.0',
      'first response, ms': '10.0',
      'cold: first `next`, ms': '9.0',
      'cold: first response, ms': '10.0',
      'cold: read, MB': '30.0',
      'warm p50, µs': '20.0',
      'warm p99, µs': '50.0',
      'invocations/s': '10,000',
      'CPU ms per 1,000': '55.0',
      'of the first 2,000': '100',
      'after that': '50.0',
      'peak memory after 20, MiB': '40.0',
      'peak memory, MiB': '50.0',
      'executable, MB': '100',
      'zip, MB': '40.0',
    }),
  )
})

test('ratios are of lambdabin to the others', () => {
  const report = renderReport(
    madeUpResults([
      madeUpContender('echo', 'lambdabin', 1),
      madeUpContender('echo', 'aws-lambda-ric', 4),
      madeUpContender('echo', 'bun-bytecode', 0.5),
    ]),
    'chart.svg',
  )
  assert.equal(row(report, '*lambdabin / aws-lambda-ric*').get('first response, ms'), '*0.25*')
  assert.equal(row(report, '*lambdabin / aws-lambda-ric*').get('invocations/s'), '*4.00*')
  assert.equal(row(report, '*lambdabin / bun-bytecode*').get('zip, MB'), '*2.00*')
})

test('a column that nobody was measured for is left out, and a cell is empty', () => {
  const contender = madeUpContender('echo', 'lambdabin', 1)
  const other = madeUpContender('echo', 'c', 1)
  const results = madeUpResults([
    { ...contender, measurements: { start: contender.measurements.start ?? [] } },
    { ...other, executableBytes: 0, measurements: {} },
  ])
  const report = renderReport(results, 'chart.svg')
  assert.deepEqual([...row(report, 'c').entries()].slice(1), [
    ['first `next`, ms', ''],
    ['first response, ms', ''],
    ['executable, MB', ''],
    ['zip, MB', '40.0'],
  ])
  assert.ok(!report.includes('on any CPU'))
  assert.ok(!report.includes('NaN'))
})

test('a target is met at its limit, not met beyond it, and else not measured', () => {
  const targets = (scale: number) =>
    renderReport(
      madeUpResults([
        madeUpContender('echo', 'lambdabin', scale),
        madeUpContender('echo', 'aws-lambda-ric', 1),
      ]),
      'chart.svg',
    )
      .split('\n')
      .filter((line) => line.includes('≤') || line.includes('≥'))
  const reached = targets(0.66)
  assert.ok(
    reached.includes('| echo, first response | aws-lambda-ric 4, same Node.js | ≤ 0.66 | 0.66 | met |'),
  )
  assert.ok(reached.includes('| zip, echo |  | ≤ 33.5 MB | 26.4 MB | met |'))
  assert.ok(
    reached.includes(
      '| echo, invocations/s | aws-lambda-ric 4, same Node.js | ≥ 1.85 | 1.52 | **not met** |',
    ),
  )
  assert.ok(reached.includes('| echo, invocations/s | Bun compiled, --bytecode | ≥ 1.00 | not measured |  |'))
  assert.ok(
    targets(0.95).includes(
      '| echo, first response | aws-lambda-ric 4, same Node.js | ≤ 0.66 | 0.95 | **not met** |',
    ),
  )
})

test('growth is what the first response takes longer than without the code', () => {
  const report = renderReport(
    madeUpResults([
      madeUpContender('growth', 'none', 1, 'without'),
      madeUpContender('growth', 'unreached', 1.08, 'unreached'),
      madeUpContender('growth', 'uncalled', 1.7, 'uncalled'),
    ]),
    'chart.svg',
  )
  assert.match(report, /^\| uncalled \| 17\.0 \| \*1\.70\* \| 17\.0 \| \*1\.70\* \| 170 \| 68\.0 \|$/m)
  assert.match(
    report,
    /10 MB of code behind an import\(\) that is not reached \|[^|]+\| ≤ 10\.0 % \| 8\.0 % \| met \|/,
  )
  assert.match(
    report,
    /10 MB of code that only initialise \|[^|]+\| ≤ 60\.0 % \| 70\.0 % \| \*\*not met\*\* \|/,
  )
})

test('starts with nothing in memory are shown with what was read and fetched, beside their targets', () => {
  const cold = (name: 'echo' | 'sdk', id: string, scale: number) => {
    const contender = madeUpContender(name, id, scale)
    const runs = [{ ...madeUpMeasurement(scale), chunks: 100 * scale }]
    return { ...contender, measurements: { coldStart128: runs, store2: runs, store20: runs } }
  }
  const report = renderReport(
    madeUpResults([
      cold('echo', 'lambdabin', 0.3),
      cold('sdk', 'lambdabin', 0.6),
      cold('sdk', 'bun-bytecode', 3),
    ]),
    'chart.svg',
  )
  assert.match(report, /## AWS SDK \+ zod, with nothing in memory\n\n\|[^\n]*2 ms a chunk[^\n]*\| chunks \|/)
  assert.match(report, /echo: chunks of 512 KiB that a start touches \|[^|]*\| ≤ 35 \| 30 \| met \|/)
  assert.match(
    report,
    /zod: chunks of 512 KiB that a start touches \|[^|]*\| ≤ 50 \| 60 \| \*\*not met\*\* \|/,
  )
  assert.match(report, /from the chunk store, 2 ms a chunk \| Bun[^|]*\| ≤ 0\.25 \| 0\.20 \| met \|/)
  assert.match(report, /the same, 20 ms a chunk \| Bun[^|]*\| ≤ 0\.15 \| 0\.20 \| \*\*not met\*\* \|/)
})

test("the server's part is of the CPU time of both sides", () => {
  const report = renderReport(madeUpResults([madeUpContender('echo', 'lambdabin', 1)]), 'chart.svg')
  assert.match(report, /^\| lambdabin \| 10\.0 \| 55\.0 \| 15 % \|$/m)
})

test('the documentation gets the chart, both functions, the machine, versions and date', () => {
  const contenders = (['echo', 'sdk'] as const).map((name) => madeUpContender(name, 'lambdabin', 1))
  const section = renderTables(madeUpResults(contenders), 'docs/chart.svg', 'docs/report.md')
  assert.equal(section.match(/^\| \*\*lambdabin\*\* /gm)?.length, 2)
  for (const part of [
    '](docs/chart.svg)',
    '](docs/report.md)',
    '2 CPUs (made up)',
    'Node.js 24.0.0',
    '2026-01-02',
  ]) {
    assert.ok(section.includes(part), part)
  }
})

test('a cell may hold a bar', () => {
  assert.equal(markdownTable(['a|b', 'c'], [['d', '1']]), '| a\\|b | c |\n| --- | ---: |\n| d | 1 |')
})
