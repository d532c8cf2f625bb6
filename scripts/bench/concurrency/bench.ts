/**
 * Compares how lambdabin and AWS's Node.js client handle several invocations at once, alternating in one run:
 *
 *     npm run bench:concurrency -- [options]
 *
 * It prints a report in Markdown, and writes it to dist/bench/ with all measurements. Each run is a process of its own,
 * under `concurrent-server.c`. Needs a C compiler, and what installing AWS's client takes; a quota of CPU takes root.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BadUsage, requireCompiler, runCommand, wholeNumber } from '../command.ts'
import { measureConcurrency } from './measure.ts'
import { renderConcurrencyReport } from './report.ts'
import type { ConcurrencyResults } from './results.ts'

const HELP = `Usage: npm run bench:concurrency -- [options]

Takes about five minutes on two CPUs with nothing else to do.

  --rounds N       how often each is measured (default: 5)
  --starts N       with one invocation at a time, of two builds each (default: 101)
  --percent N      of the invocations that a run usually has (default: 100)
  --out FOLDER     where the report is written (default: dist/bench)
  --from FILE      measure nothing; take the measurements from this file, an earlier run's concurrency.json
  --write          update docs/benchmark-concurrency.md, too
`
const PAGE = fileURLToPath(new URL('../../../docs/benchmark-concurrency.md', import.meta.url))

await runCommand(main)

async function main(): Promise<void> {
  const { values } = parse()
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const results = values.from ? readResults(values.from) : await measure(values)
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const report = renderConcurrencyReport(results)
  writeFileSync(join(out, 'concurrency.json'), JSON.stringify(results))
  writeFileSync(join(out, 'concurrency.md'), report)
  if (values.write) {
    writeFileSync(PAGE, report)
  }
  process.stdout.write(report)
}

function parse() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '5' },
        starts: { type: 'string', default: '101' },
        percent: { type: 'string', default: '100' },
        out: { type: 'string', default: 'dist/bench' },
        from: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new BadUsage(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

function readResults(file: string): ConcurrencyResults {
  return JSON.parse(readFileSync(file, 'utf8'))
}

async function measure(values: ReturnType<typeof parse>['values']): Promise<ConcurrencyResults> {
  requireCompiler()
  return await measureConcurrency({
    rounds: wholeNumber('rounds', values.rounds, 1),
    starts: wholeNumber('starts', values.starts),
    scale: wholeNumber('percent', values.percent, 1) / 100,
  })
}
