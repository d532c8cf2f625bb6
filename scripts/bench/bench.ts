/**
 * Compares runtimes, alternating in one run:
 *
 *     npm run bench -- [options]
 *
 * It prints a report in Markdown, and writes it to dist/bench/ with a chart and all measurements. Each start and each
 * warm run is a process of its own, under `runtime-api-server.c`, which starts it, serves it and measures. Needs a C
 * compiler; peers that are not on this machine are installed into the cache folder, or left out, and the report says so.
 * Dropping the page cache takes root; without it, those columns are left out.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { renderChart } from './chart.ts'
import { BadUsage, requireCompiler, runCommand, wholeNumber } from './command.ts'
import { RECIPES } from './contenders.ts'
import { type MeasureOptions, measureAll } from './measure-all.ts'
import type { Results } from './results.ts'
import { renderChartReference, renderReport, renderTables } from './tables.ts'
import { writeSection } from './written-sections.ts'

const HELP = `Usage: npm run bench -- [options]

Takes about ten minutes with everything; --only, --functions and smaller numbers make it shorter.

  --only ID,…              these contenders only: ${RECIPES.map(({ id }) => id).join(', ')}
  --functions NAME,…       of echo, sdk, get-item, growth (default: all)
  --starts N               (default: 15)
  --cold-starts N          with a cold page cache, as root, and again with 128 KiB read ahead (default: 9)
  --warm-runs N            (default: 5)
  --store-starts N         from a file system that fetches chunks in 0.5, 2 and 20 ms each, as root (default: 5)
  --memory-starts N        of the function that calls AWS, with the CPU of 128, 512 and 1,769 MB each, as root (default: 7)
  --any-cpu-starts N       not pinned to one CPU, warm and cold each (default: 9)
  --any-cpu-warm-runs N    (default: 3)
  --invocations N          in a warm run (default: 20000)
  --seconds N              after which a warm run ends, however few there were (default: 10)
  --cpu N                  the one to pin to (default: the last)
  --no-sizes               do not measure what peers would upload, which takes half a minute
  --out FOLDER             where the report is written (default: dist/bench)
  --from FILE              measure nothing; take the measurements from this file, an earlier run's results.json
  --write                  update README.md, docs/cold-starts.md, docs/benchmark.md and its chart, too
`
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FUNCTIONS = ['echo', 'sdk', 'get-item', 'growth'] as const

await runCommand(main)

async function main(): Promise<void> {
  const { values } = parse()
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const results = values.from ? readResults(values.from) : await measure(readOptions(values))
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const report = renderReport(results, 'benchmark.svg')
  const chart = renderChart(results)
  writeFileSync(join(out, 'results.json'), JSON.stringify(results))
  writeFileSync(join(out, 'benchmark.md'), report)
  writeFileSync(join(out, 'benchmark.svg'), chart)
  if (values.write) {
    mkdirSync(join(ROOT, 'docs'), { recursive: true })
    writeFileSync(join(ROOT, 'docs', 'benchmark.md'), report)
    writeFileSync(join(ROOT, 'docs', 'benchmark.svg'), chart)
    writeSection(join(ROOT, 'docs', 'cold-starts.md'), renderTables(results, 'benchmark.svg', 'benchmark.md'))
    writeSection(join(ROOT, 'README.md'), renderChartReference('docs/benchmark.svg'))
  }
  process.stdout.write(report)
}

function parse() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        help: { type: 'boolean', default: false },
        only: { type: 'string' },
        functions: { type: 'string', default: FUNCTIONS.join(',') },
        starts: { type: 'string', default: '15' },
        'cold-starts': { type: 'string', default: '9' },
        'warm-runs': { type: 'string', default: '5' },
        'memory-starts': { type: 'string', default: '7' },
        'store-starts': { type: 'string', default: '5' },
        'any-cpu-starts': { type: 'string', default: '9' },
        'any-cpu-warm-runs': { type: 'string', default: '3' },
        invocations: { type: 'string', default: '20000' },
        seconds: { type: 'string', default: '10' },
        cpu: { type: 'string', default: String(cpus().length - 1) },
        sizes: { type: 'boolean', default: true },
        out: { type: 'string', default: 'dist/bench' },
        from: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new BadUsage(`${error instanceof Error ? error.message : error}\n\n${HELP}`)
  }
}

function readOptions(values: ReturnType<typeof parse>['values']): MeasureOptions {
  const isRoot = process.getuid?.() === 0
  const cold = isRoot ? 1 : 0
  const memoryStarts = wholeNumber('memory-starts', values['memory-starts'])
  const storeStarts = cold * wholeNumber('store-starts', values['store-starts'])
  const coldStarts = cold * wholeNumber('cold-starts', values['cold-starts'])
  const anyCpuStarts = wholeNumber('any-cpu-starts', values['any-cpu-starts'])
  return {
    only:
      values.only === undefined
        ? undefined
        : names(
            'only',
            values.only,
            RECIPES.map(({ id }) => id),
          ),
    functions: names('functions', values.functions, FUNCTIONS),
    counts: {
      start: wholeNumber('starts', values.starts),
      coldStart: coldStarts,
      coldStart128: coldStarts,
      'store0.5': storeStarts,
      store2: storeStarts,
      store20: storeStarts,
      warm: wholeNumber('warm-runs', values['warm-runs']),
      anyCpuStart: anyCpuStarts,
      anyCpuColdStart: cold * anyCpuStarts,
      anyCpuWarm: wholeNumber('any-cpu-warm-runs', values['any-cpu-warm-runs']),
      memory128: memoryStarts,
      memory512: memoryStarts,
      memory1769: memoryStarts,
    },
    invocations: wholeNumber('invocations', values.invocations, 2),
    seconds: wholeNumber('seconds', values.seconds, 1),
    cpu: wholeNumber('cpu', values.cpu),
    sizes: values.sizes,
  }
}

function names<Name extends string>(option: string, value: string, known: readonly Name[]): Set<Name> {
  const given = value.split(',')
  const unknown = given.find((name) => !known.some((other) => other === name))
  if (unknown !== undefined) {
    throw new BadUsage(
      `--${option} expects names of ${known.join(', ')}, with commas between them, and got ${JSON.stringify(unknown)}`,
    )
  }
  return new Set(known.filter((name) => given.includes(name)))
}

function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8'))
}

async function measure(options: MeasureOptions): Promise<Results> {
  requireCompiler()
  return await measureAll(options)
}
