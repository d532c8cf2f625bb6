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

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { AWS_CLIENT_VERSION } from '../aws-client.ts'
import { renderChart } from './chart.ts'
import {
  buildWithLambdabin,
  bundleForAwsLambdaRic,
  type Contender,
  copyOfNode,
  hasBuildOption,
  lambdaVariables,
  type Prepared,
  prepareContender,
  RECIPES,
  shippedSizes,
} from './contenders.ts'
import { GROWTH_KINDS, writeGrowthFunctions } from './growth.ts'
import { BUN, DENO, PeerMissingError } from './peer-programs.ts'
import { writeReadmeSection } from './readme.ts'
import type { FunctionName, Phase, Results } from './results.ts'
import { measurePhase, tryAll } from './rounds.ts'
import { compileC, hasCommand, type Measurement } from './runtime-api-server.ts'
import { renderReadmeSection, renderReport } from './tables.ts'

const HELP = `Usage: npm run bench -- [options]

Takes about ten minutes with everything; --only, --functions and smaller numbers make it shorter.

  --only ID,…              these contenders only: ${RECIPES.map(({ id }) => id).join(', ')}
  --functions NAME,…       of echo, sdk, growth (default: all)
  --starts N               (default: 15)
  --cold-starts N          with a cold page cache, as root (default: 9)
  --warm-runs N            (default: 5)
  --any-cpu-starts N       not pinned to one CPU, warm and cold each (default: 9)
  --any-cpu-warm-runs N    (default: 3)
  --invocations N          in a warm run (default: 20000)
  --seconds N              after which a warm run ends, however few there were (default: 10)
  --cpu N                  the one to pin to (default: the last)
  --no-sizes               do not measure what peers would upload, which takes half a minute
  --out FOLDER             where the report is written (default: dist/bench)
  --from FILE              measure nothing; take the measurements from this file, an earlier run's results.json
  --write                  update README.md, docs/benchmark.md and docs/benchmark.svg, too
`
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FUNCTIONS = ['echo', 'sdk', 'growth'] as const

class BadUsage extends Error {}

interface Options {
  readonly only: ReadonlySet<string> | undefined
  readonly functions: ReadonlySet<FunctionName>
  readonly counts: Readonly<Record<Phase, number>>
  readonly invocations: number
  readonly seconds: number
  readonly cpu: number
  readonly sizes: boolean
}

try {
  await main()
} catch (error) {
  if (!(error instanceof BadUsage)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}

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
    writeReadmeSection(
      join(ROOT, 'README.md'),
      renderReadmeSection(results, 'docs/benchmark.svg', 'docs/benchmark.md'),
    )
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

function readOptions(values: ReturnType<typeof parse>['values']): Options {
  const isRoot = process.getuid?.() === 0
  const cold = isRoot ? 1 : 0
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
      coldStart: cold * wholeNumber('cold-starts', values['cold-starts']),
      warm: wholeNumber('warm-runs', values['warm-runs']),
      anyCpuStart: anyCpuStarts,
      anyCpuColdStart: cold * anyCpuStarts,
      anyCpuWarm: wholeNumber('any-cpu-warm-runs', values['any-cpu-warm-runs']),
    },
    invocations: wholeNumber('invocations', values.invocations, 2),
    seconds: wholeNumber('seconds', values.seconds, 1),
    cpu: wholeNumber('cpu', values.cpu),
    sizes: values.sizes,
  }
}

function wholeNumber(option: string, value: string, least = 0): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || number < least) {
    throw new BadUsage(
      `--${option} expects a whole number of at least ${least}, and got ${JSON.stringify(value)}`,
    )
  }
  return number
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

async function measure(options: Options): Promise<Results> {
  if (!hasCommand('cc', '--version')) {
    throw new BadUsage(
      "the benchmark's server is in C, and there is no cc; on Debian: apt-get install gcc libc6-dev",
    )
  }
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-bench-'))
  try {
    return await measureIn(folder, options)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureIn(folder: string, options: Options): Promise<Results> {
  const leftOut: string[] = []
  if (process.getuid?.() !== 0) leftOut.push('Starts with a cold page cache: they take root.')
  const server = compileC('runtime-api-server', folder)
  const compared = await prepareCompared(folder, options, leftOut)
  const growth = options.functions.has('growth')
    ? await prepareGrowth(folder, compared)
    : { contenders: [], bytes: 0 }
  const rounds = { ...options, server }
  const measurements = new Map<Contender, Partial<Record<Phase, Measurement[]>>>()
  const run = async (contenders: readonly Contender[], phase: Phase, count: number) => {
    for (const [contender, measured] of await measurePhase(contenders, phase, count, rounds)) {
      measurements.set(contender, { ...measurements.get(contender), [phase]: measured })
    }
  }
  await tryAll([...compared, ...growth.contenders], rounds)
  for (const phase of ['start', 'coldStart'] as const) {
    await run(compared, phase, options.counts[phase])
    await run(growth.contenders, phase, options.counts[phase])
  }
  for (const phase of ['warm', 'anyCpuStart', 'anyCpuColdStart', 'anyCpuWarm'] as const) {
    await run(compared, phase, options.counts[phase])
  }
  const contenders = []
  for (const contender of [...compared, ...growth.contenders]) {
    const isOwn = 'zip' in contender.shipped
    const sizes = options.sizes || isOwn ? await shippedSizes(contender) : { executableBytes: 0, zipBytes: 0 }
    const { id, name, note, function: functionName } = contender
    contenders.push({
      id,
      name,
      note,
      function: functionName,
      ...sizes,
      measurements: measurements.get(contender) ?? {},
    })
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions: versionsOf(compared),
    invocations: options.invocations,
    counts: options.counts,
    growthBytes: growth.bytes,
    contenders,
    leftOut: [...new Set(leftOut)],
  }
}

/** Makes the contenders one after the other; says in `leftOut` which there cannot be. */
async function prepareCompared(folder: string, options: Options, leftOut: string[]): Promise<Contender[]> {
  const node = copyOfNode(folder)
  const contenders: Contender[] = []
  for (const name of ['echo', 'sdk'] as const) {
    if (!options.functions.has(name)) continue
    for (const recipe of RECIPES) {
      if (!recipe.functions.includes(name) || options.only?.has(recipe.id) === false) continue
      const option = { 'lambdabin-init': '--init', 'lambdabin-intl': '--intl' }[recipe.id]
      if ((option === '--init' || option === '--intl') && !hasBuildOption(option)) {
        leftOut.push(`${recipe.name}: this lambdabin has no such option.`)
        continue
      }
      process.stderr.write(`building ${name} for ${recipe.name}\n`)
      try {
        contenders.push(await prepareContender(recipe, name, folder, node))
      } catch (error) {
        if (!(error instanceof PeerMissingError)) throw error
        process.stderr.write(`${recipe.name} is left out: ${error.message}\n`)
        leftOut.push(`${recipe.name}: ${error.message}.`)
      }
    }
  }
  return contenders
}

/** lambdabin's, and those of AWS's client, where it is compared with at all: what the same code costs there. */
async function prepareGrowth(
  folder: string,
  compared: readonly Contender[],
): Promise<{ contenders: Contender[]; bytes: number }> {
  const own = join(folder, 'growth')
  mkdirSync(own)
  const { entries, bytes } = await writeGrowthFunctions(own)
  const contenders: Contender[] = []
  const add = (id: string, name: string, { env = {}, ...prepared }: Prepared) => {
    const common = { note: '', function: 'growth', cwd: own, event: '{"text":"Hello"}' } as const
    contenders.push({ id, name, ...common, ...prepared, env: { ...lambdaVariables('growth'), ...env } })
  }
  for (const { id, name } of GROWTH_KINDS) {
    process.stderr.write(`building ${name} for lambdabin\n`)
    add(id, `lambdabin: ${name}`, buildWithLambdabin(entries[id], join(own, id), []))
  }
  const aws = compared.find(({ id }) => id === 'aws-lambda-ric')
  for (const { id, name } of aws ? GROWTH_KINDS : []) {
    const place = join(own, `aws-${id}`)
    mkdirSync(place)
    const prepared = await bundleForAwsLambdaRic(entries[id], place, aws?.command[0] ?? '')
    add(`aws-${id}`, `${aws?.name}: ${name}`, prepared)
  }
  return { contenders, bytes }
}

function describeMachine(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, Linux ${execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()}`
}

function versionsOf(contenders: readonly Contender[]): Record<string, string> {
  const uses = (prefix: string) => contenders.some(({ id }) => id.startsWith(prefix))
  return {
    'Node.js': process.versions.node,
    ...(uses('aws-lambda-ric') ? { 'aws-lambda-ric': AWS_CLIENT_VERSION } : {}),
    ...(uses('bun') ? { Bun: BUN.version } : {}),
    ...(uses('deno') ? { Deno: DENO.version } : {}),
    ...(uses('nim') ? { Nim: nimVersion() } : {}),
  }
}

function nimVersion(): string {
  const [, version = ''] =
    /Version ([\d.]+)/.exec(execFileSync('nim', ['--version'], { encoding: 'utf8' })) ?? []
  return version
}
