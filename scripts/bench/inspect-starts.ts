/**
 * Whether `lambdabin inspect --start` tells the truth: its numbers beside those of the benchmark's own server, for the same packages.
 *
 *     node scripts/bench/inspect-starts.ts [ROUNDS]
 *
 * In each round, each package is started by `inspect` and by the benchmark's server, for echo and for the AWS SDK with zod. Both
 * start it from pages that were read from the disk, right behind a start that does not count.
 * The time to the first `next` is to be the same within a tenth. A timeline's parts, which are of a start that carries the hook, are to be
 * that start's own time from outside within a twentieth. Exits with 1 where that is not so; what tracing costs is told, and has no limit.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { buildWithLambdabin, EVENTS, lambdaVariables } from './contenders.ts'
import { middleOf } from './results.ts'
import { compileC, runUnderServer } from './runtime-api-server.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const LAMBDABIN = here('../../bin/lambdabin.js')
const ROUNDS = Number(process.argv[2] ?? 11)
const FUNCTIONS = { echo: here('../../src/functions/echo.ts'), sdk: here('./functions/sdk.ts') } as const

interface Times {
  readonly outside: number[]
  readonly inspected: number[]
  /** The sum of a timeline's, and the time from outside of the start that it is of. */
  readonly parts: number[]
  readonly traced: number[]
}

const folder = mkdtempSync(join(tmpdir(), 'lambdabin-starts-'))
try {
  const server = compileC('runtime-api-server', folder)
  for (const name of ['echo', 'sdk'] as const) {
    const own = join(folder, name)
    mkdirSync(own)
    const { command, env } = buildWithLambdabin(FUNCTIONS[name], own, [])
    const taskRoot = join(own, 'function')
    const runtime = {
      command: [join(taskRoot, 'bootstrap')] as const,
      env: { ...lambdaVariables(name), ...env },
      cwd: taskRoot,
      event: EVENTS[name],
    }
    const times: Times = { outside: [], inspected: [], parts: [], traced: [] }
    const options = { invocations: 1, cpu: undefined }
    // Of the executable itself: only what is named here is read anew.
    await runUnderServer(server, { ...runtime, command }, { ...options, isReadAnew: true })
    for (let round = 0; round < ROUNDS; round++) {
      const { inspected, parts, traced } = inspectStart(join(own, 'function.zip'))
      await runUnderServer(server, runtime, options)
      const { firstNextMs } = await runUnderServer(server, runtime, options)
      times.outside.push(firstNextMs)
      times.inspected.push(inspected)
      times.parts.push(parts)
      times.traced.push(traced)
    }
    report(name, times)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function inspectStart(zip: string): { inspected: number; parts: number; traced: number } {
  const args = [LAMBDABIN, 'inspect', '--start', '--runs', '1', '--json', zip]
  const printed = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { warm, timeline, tracedMs } = JSON.parse(printed).start
  const sum = timeline.parts.reduce((total: number, { ms }: { ms: number }) => total + ms, 0)
  return { inspected: warm.median, parts: sum, traced: tracedMs }
}

function report(name: string, { outside, inspected, parts, traced }: Times): void {
  const expected = middleOf(outside)
  process.stdout.write(`${name}: to the first next, from outside ${expected.toFixed(1)} ms\n`)
  check('inspect', middleOf(inspected), expected, 0.1)
  check('the parts of a traced start', middleOf(parts), middleOf(traced), 0.05)
  const ratio = middleOf(traced) / middleOf(inspected)
  process.stdout.write(`  a traced start takes ${ratio.toFixed(3)} of one that is not\n`)
}

function check(what: string, ms: number, expected: number, tolerance: number): void {
  const ratio = ms / expected
  const isMet = Math.abs(ratio - 1) <= tolerance
  process.stdout.write(
    `  ${what} ${ms.toFixed(1)} ms, ${ratio.toFixed(3)} of ${expected.toFixed(1)} ms from outside: ${isMet ? 'met' : 'missed'}\n`,
  )
  if (!isMet) {
    process.exitCode = 1
  }
}
