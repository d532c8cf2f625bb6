/**
 * Measures the starts of a package. What a start takes is measured on the executable as it is; where the time goes, on starts that
 * carry a hook and marked texts, which take a little longer: both are told.
 */
import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writePreloadedScript } from '../../compiler/local-run/preloaded-script.ts'
import type { CgroupHome } from '../../emulator/environments/resources/cgroup.ts'
import { EnvironmentCgroup } from '../../emulator/environments/resources/cgroup.ts'
import { functionArn } from '../../runtime-api/invocation.ts'
import { type LambdaFacts, reservedVariables, systemVariables } from '../../sandbox/lambda-environment.ts'
import type { InspectedContents } from '../package/inspection.ts'
import { writeMarkedScripts } from './marked-scripts.ts'
import type { PagesRead } from './pages-read.ts'
import { runStart, type StartOptions, type StartRun } from './start-run.ts'
import { type StartedProgram, startedProgram } from './started-program.ts'
import { type CompiledScript, MEASURING, readTimeline, type Timeline } from './timeline.ts'
import { TRACE_SETTINGS, type Trace, type TraceSettings } from './trace.ts'

export interface StartSettings {
  /** How many starts are measured, of each kind. */
  readonly runs: number
  readonly handler: string
  readonly functionName: string
  readonly memorySizeMb: number
  readonly timeoutMs: number
  readonly environment: Readonly<Record<string, string>>
  readonly region: string
  /** Absolute: what is at `/opt`. */
  readonly layersFolder: string
  readonly event?: Uint8Array | undefined
  /** Where control groups can be made, for the share of a processor that the memory buys. */
  readonly cgroups?: CgroupHome | undefined
  /** No start begins after it has told to end. */
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds, each of them. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface StartMeasurement {
  readonly runs: number
  /** From the start of the process to the first `next`, of the executable as it is: with its pages in memory, and without. */
  readonly warm: Spread
  readonly cold: (Spread & { readonly diskBytes: number | null }) | null
  /** The start whose timeline this is, to the first `next`: it was traced. */
  readonly tracedMs: number
  /** How much longer that is than the median of those that were not. */
  readonly tracingMs: number
  /** What the hook itself took of it, as parts of the timeline say. */
  readonly measuringMs: number
  readonly timeline: Timeline
  readonly scripts: readonly CompiledScript[]
  readonly pages: PagesRead | null
  /** The memory, in MB, whose share of a processor it had; `null` where it had whatever there is. */
  readonly cpuOfMemoryMb: number | null
  readonly invocation: {
    /** From the event to the answer, of the executable as it is. */
    readonly ms: Spread
    readonly failed: boolean
  } | null
}

/** `workFolder` is the caller's to delete. Rejects with a StartError. */
export async function measureStart(
  contents: InspectedContents,
  settings: StartSettings,
  workFolder: string,
): Promise<StartMeasurement> {
  const starts = new Starts(contents, settings, workFolder)
  await starts.plain() // What is cold for the first time is no start of those that are measured.
  const cold = await starts.cold()
  const hook = await writeHook(workFolder)
  const cacheRun = await starts.traced(hook, { scripts: {} })
  const marked = await writeMarkedScripts(contents, settings.handler, join(workFolder, 'marked'))
  if (Object.keys(marked.scripts).length > 0) {
    await starts.traced(hook, { scripts: marked.scripts }, 'write caches')
  }
  const warm: StartRun[] = []
  const traced: TracedRun[] = []
  // In turns, so that what else the machine does is the same for both; and one by one, as they would take each other's processors.
  for (let run = 0; run < settings.runs; run++) {
    warm.push(await starts.plain())
    traced.push(await starts.traced(hook, { scripts: marked.scripts }))
  }
  const typical = middle(traced, total)
  const timeline = readTimeline(typical, marked.paths)
  const untraced = spread(warm.map(total))
  return {
    runs: settings.runs,
    warm: untraced,
    cold: cold.length === 0 ? null : { ...spread(cold.map(total)), diskBytes: diskBytes(cold) },
    tracedMs: total(typical),
    tracingMs: Math.max(0, total(typical) - untraced.median),
    measuringMs: measuringMs(timeline),
    timeline,
    scripts: cacheRun.trace.scripts.map(compiledScript),
    pages: warm[0]?.pages ?? null,
    cpuOfMemoryMb: settings.cgroups === undefined ? null : settings.memorySizeMb,
    invocation: invocationOf(warm),
  }
}

type TracedRun = StartRun & { readonly trace: Trace }

class Starts {
  readonly #folder: string
  readonly #program: StartedProgram
  readonly #settings: StartSettings
  readonly #temporary: string
  #count = 0

  constructor(contents: InspectedContents, settings: StartSettings, workFolder: string) {
    this.#folder = contents.opened.folder
    this.#program = startedProgram(contents, settings.handler, settings.layersFolder)
    this.#settings = settings
    this.#temporary = join(workFolder, 'tmp')
  }

  plain(): Promise<StartRun> {
    return this.#run({})
  }

  /** Without the executable's pages in memory; none where the system does not let them go. */
  async cold(): Promise<StartRun[]> {
    const { runs } = this.#settings
    const found: StartRun[] = []
    for (let run = 0; run < runs; run++) {
      if (!(await dropFromMemory(this.#program.executable))) {
        return []
      }
      found.push(await this.#run({}))
    }
    return (diskBytes(found) ?? 0) > 0 ? found : []
  }

  async traced(
    hook: string,
    settings: TraceSettings,
    what: 'read' | 'write caches' = 'read',
  ): Promise<TracedRun> {
    const nodeOptions = this.#settings.environment.NODE_OPTIONS
    const environment = {
      NODE_OPTIONS:
        `--require=${JSON.stringify(hook)} --inspect-port=127.0.0.1:0 ${nodeOptions ?? ''}`.trim(),
      [TRACE_SETTINGS]: JSON.stringify({ ...settings, nodeOptions }),
    }
    return (await this.#run({ environment, trace: what })) as TracedRun
  }

  async #run({
    environment = {},
    trace,
  }: {
    environment?: Record<string, string>
    trace?: 'read' | 'write caches'
  }): Promise<StartRun> {
    const { event, timeoutMs, cgroups, memorySizeMb, region, functionName, signal } = this.#settings
    signal?.throwIfAborted()
    await mkdir(this.#temporary, { recursive: true })
    this.#count += 1
    const group = cgroups && new EnvironmentCgroup(cgroups, `start-${this.#count}`, memorySizeMb)
    const options: StartOptions = {
      bootstrap: this.#program.bootstrap,
      taskRoot: this.#folder,
      environment: { ...this.#variables(), ...environment },
      ...(group && { groupFiles: group.files, onInit: () => group.setPhase('invoke') }),
      ...(trace && { trace }),
      event,
      arn: functionArn(region, functionName),
      timeoutMs,
    }
    try {
      return await runStart(options)
    } finally {
      await group?.remove()
    }
  }

  #variables(): Record<string, string> {
    const { environment, handler, functionName, memorySizeMb, region, layersFolder } = this.#settings
    const facts: LambdaFacts = {
      ...{
        handler,
        functionName,
        version: '$LATEST',
        memorySizeMb,
        region,
      },
      ...{ taskRoot: this.#folder, layersFolder, runtimeFolder: '/var/runtime' },
      ...{ temporaryFolder: this.#temporary, runtimeApi: '' },
    }
    return { ...systemVariables(facts), ...environment, ...reservedVariables(facts) }
  }
}

/** Asks the kernel to forget a file's pages, which it may do for what is on a disk: `dd`'s `nocache`. */
async function dropFromMemory(file: string): Promise<boolean> {
  return promisify(execFile)('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']).then(
    () => true,
    () => false,
  )
}

async function writeHook(workFolder: string): Promise<string> {
  const outfile = join(workFolder, 'trace-hook.cjs')
  const entry = fileURLToPath(new URL(`./trace-hook${extname(import.meta.url)}`, import.meta.url))
  await writePreloadedScript(entry, outfile)
  return outfile
}

function compiledScript({
  file,
  compile,
  evaluate,
  cacheBytes,
  isCacheRejected,
  cacheBytesNow,
}: Trace['scripts'][number]): CompiledScript {
  return {
    file,
    compileMs: compile.end - compile.begin,
    evaluateMs: evaluate === undefined ? null : evaluate.end - evaluate.begin,
    cache: cacheBytes === undefined ? 'none' : isCacheRejected ? 'rejected' : 'accepted',
    cacheBytes: cacheBytes ?? 0,
    notInCacheBytes: Math.max(0, cacheBytesNow - (isCacheRejected ? 0 : (cacheBytes ?? 0))),
  }
}

function invocationOf(runs: readonly StartRun[]): StartMeasurement['invocation'] {
  const invocations = runs.flatMap(({ invocation }) => invocation ?? [])
  return invocations.length === 0
    ? null
    : {
        ms: spread(invocations.map(({ begin, end }) => end - begin)),
        failed: invocations.some(({ failed }) => failed),
      }
}

function measuringMs({ parts }: Timeline): number {
  const all = parts.flatMap((part) => [part, ...part.parts])
  return all.filter(({ name }) => name === MEASURING).reduce((sum, { ms }) => sum + ms, 0)
}

function diskBytes(runs: readonly StartRun[]): number | null {
  const known = runs.flatMap(({ pages }) => pages?.diskBytes ?? [])
  return known.length === 0
    ? null
    : (known.toSorted((left, right) => left - right)[known.length >> 1] ?? null)
}

function total({ spawned, firstNext }: StartRun): number {
  return firstNext - spawned
}

function middle<Item>(items: readonly Item[], of: (item: Item) => number): Item {
  return items.toSorted((left, right) => of(left) - of(right))[items.length >> 1] as Item
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right)
  return { median: sorted[sorted.length >> 1] ?? 0, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 }
}
