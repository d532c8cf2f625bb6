/**
 * How long a project of twenty functions takes to build: for the first time, when nothing has changed, and when one has. It is after
 * `lambdabin prefetch`, with a cache folder of its own:
 *
 *     node scripts/bench/many-functions.ts [COUNT]
 *
 * A quarter of them use the AWS SDK and zod, as `functions/sdk.ts`; the others are small and share a module. Seconds are of the
 * clock, and of all processors together: on a busy machine the latter tell more. Exits with 1 when a target is missed.
 */

import { execFileSync } from 'node:child_process'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const COUNT = Number(process.argv[2] ?? 20)

/** Seconds, for twenty functions on two quiet processors. */
const TARGETS = { first: 30, nothing: 2, one: 5 } as const

interface Measured {
  readonly seconds: number
  /** User and system. */
  readonly processor: number
  /** How many were built. */
  readonly built: number
}

function writeProject(folder: string): void {
  mkdirSync(join(folder, 'src'))
  symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'lambdabin.config.json'), '{"functions":"src/function-*.ts"}')
  writeFileSync(
    join(folder, 'src/total.ts'),
    'export const total = (n: number[]) => n.reduce((a, b) => a + b, 0)\n',
  )
  for (let number = 1; number <= COUNT; number++) {
    const file = join(folder, `src/function-${number}.ts`)
    if (number % 4 === 0) {
      cpSync(join(REPOSITORY, 'scripts/bench/functions/sdk.ts'), file)
      appendFileSync(file, `\nexport const number = ${number}\n`)
    } else {
      writeFileSync(
        file,
        `import { total } from './total.ts'\nexport const handler = async (event: { items?: number[] }) => total(event.items ?? [${number}])\n`,
      )
    }
  }
}

/** Runs the command in `folder`. */
function measure(folder: string, ...words: string[]): Measured {
  const time = join(folder, 'time')
  const command = `TIMEFORMAT='%R %U %S'; { time "$@" 2>/dev/null; } 2> '${time}'; cat '${time}' >&2`
  const started = performance.now()
  const out = execFileSync(
    'bash',
    [
      '-c',
      `${command} ; tail -1 '${time}'`,
      'bash',
      process.execPath,
      join(REPOSITORY, 'src/cli.ts'),
      ...words,
    ],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') },
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    },
  )
  const [, user = 0, system = 0] = (out.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  return {
    seconds: (performance.now() - started) / 1000,
    processor: user + system,
    built: out.match(/"unchanged": false/g)?.length ?? 0,
  }
}

function main(): number {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-many-'))
  try {
    writeProject(folder)
    measure(folder, 'prefetch')
    const first = measure(folder, 'build', '--json')
    const nothing = measure(folder, 'build', '--json')
    appendFileSync(join(folder, 'src/function-1.ts'), '\nexport const changed = true\n')
    const one = measure(folder, 'build', '--json')
    const results = { first, nothing, one }
    const disk =
      Number(execFileSync('du', ['-sk', join(folder, 'dist')], { encoding: 'utf8' }).split('\t')[0]) / 1e6
    process.stdout.write(
      `${COUNT} functions, ${availableParallelism()} processors, ${disk.toFixed(1)} GB on the disk\n`,
    )
    for (const [name, { seconds, processor, built }] of Object.entries(results)) {
      const target = TARGETS[name as keyof typeof TARGETS]
      process.stdout.write(
        `${name.padEnd(8)} ${String(built).padStart(2)} built ${seconds.toFixed(1).padStart(6)} s, ${processor.toFixed(1).padStart(5)} s of processors, target ${target} s${seconds > target ? ' MISSED' : ''}\n`,
      )
    }
    return Object.entries(results).some(
      ([name, { seconds }]) => seconds > TARGETS[name as keyof typeof TARGETS],
    )
      ? 1
      : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = main()
