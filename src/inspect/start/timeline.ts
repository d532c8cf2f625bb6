/** What a traced start spent its time with: parts that follow each other from the start of the process to the first `next`. */
import type { StartRun } from './start-run.ts'
import { type BuiltinTrace, beginCode, END_CODE, type Span, type Trace } from './trace.ts'

/** Milliseconds since the process was started, by who started it. */
export interface TimelinePart {
  readonly name: string
  readonly begin: number
  readonly ms: number
  readonly parts: readonly TimelinePart[]
}

export interface ModuleTime {
  readonly path: string
  /** Milliseconds since the process was started. */
  readonly begin: number
  /** Milliseconds of its own code, and with that of the modules that were evaluated within it. */
  readonly ownMs: number
  readonly totalMs: number
  /** Whether it was evaluated before the first `next`, or during the invocation. */
  readonly phase: 'init' | 'invocation'
}

export interface BuiltinLoad {
  readonly id: string
  /** A module's path, or `launcher`, `runtime`, `priming`, `function`. */
  readonly askedBy: string
  readonly begin: number
  readonly ms: number
  readonly loaded: readonly string[]
}

export interface CompiledScript {
  readonly file: string
  readonly compileMs: number
  readonly evaluateMs: number | null
  readonly cache: 'none' | 'accepted' | 'rejected'
  readonly cacheBytes: number
  /** Bytes that its code cache would have more now: of functions that were compiled and not in the cache. */
  readonly notInCacheBytes: number
}

export interface Timeline {
  readonly parts: readonly TimelinePart[]
  readonly modules: readonly ModuleTime[]
  readonly builtins: readonly BuiltinLoad[]
}

/** What the hook took is no part of the start: it is told by itself. */
export const MEASURING = 'measuring'

export function readTimeline(run: StartRun & { trace: Trace }, paths: readonly string[]): Timeline {
  const { trace } = run
  const origin = trace.timeOrigin - run.spawned
  const modules = moduleTimes(trace, paths, origin, run.firstNext - trace.timeOrigin)
  return {
    parts: partsOf(trace, run.firstNext - run.spawned, origin),
    modules,
    builtins: trace.builtins.map((builtin) => readBuiltin(builtin, paths, origin)),
  }
}

/** Parts that begin where others end. Times of the trace are counted from the process's own beginning, `origin`. */
function partsOf(trace: Trace, firstNext: number, origin: number): TimelinePart[] {
  const at = (time: number) => time + origin
  const runtime = trace.scripts.find(({ file }) => file === 'runtime.js')
  const load = trace.load
  const launcher = runtime?.compile.begin ?? load?.begin ?? firstNext - origin
  const preload = trace.preload
  const beforePriming = preload?.begin ?? load?.begin ?? firstNext - origin
  const beforeLoad = load?.begin ?? firstNext - origin
  const afterLoad = load?.end ?? firstNext - origin
  const ends: [name: string, end: number, parts: TimelinePart[]][] = [
    ['process: bootstrap, dynamic linker, read-ahead', origin, []],
    ['Node.js', at(trace.hook.begin), nodeParts(trace, origin)],
    [MEASURING, at(trace.hook.end), []],
    ...(runtime === undefined && load === undefined
      ? ([['restored heap, and runtime', firstNext, []]] as [string, number, TimelinePart[]][])
      : ([
          ['launcher', at(launcher), []],
          ['runtime', at(beforePriming), scriptParts(trace, 'runtime.js', origin)],
          ['priming', at(beforeLoad), []],
          ['function', at(afterLoad), functionParts(trace, origin)],
          ['to the first next', firstNext, []],
        ] as [string, number, TimelinePart[]][])),
  ]
  let begin = 0
  return ends.map(([name, end, parts]) => {
    const part = { name, begin, ms: Math.max(0, end - begin), parts }
    begin = Math.max(begin, end)
    return part
  })
}

function nodeParts({ v8Start, environment, hook }: Trace, origin: number): TimelinePart[] {
  return [
    part('start', 0, v8Start, origin),
    part('V8', v8Start, environment, origin),
    part('environment and bootstrap', environment, hook.begin, origin),
  ]
}

function part(name: string, begin: number, end: number, origin: number): TimelinePart {
  return { name, begin: begin + origin, ms: Math.max(0, end - begin), parts: [] }
}

function scriptParts({ scripts }: Trace, file: string, origin: number): TimelinePart[] {
  const script = scripts.find((each) => each.file === file)
  if (script?.evaluate === undefined) {
    return []
  }
  const { compile, evaluate } = script
  return [
    part('read the code cache', compile.begin, compile.end, origin),
    part('evaluate', evaluate.begin, evaluate.end, origin),
  ]
}

function functionParts(trace: Trace, origin: number): TimelinePart[] {
  // What is measured later is of chunks that an invocation loads.
  const loaded = trace.load?.end ?? Number.POSITIVE_INFINITY
  const within = trace.measuring.filter(({ begin }) => begin < loaded)
  const measured = within.reduce((sum, { begin, end }) => sum + end - begin, 0)
  const [first] = within
  return [
    ...scriptParts(trace, 'function.js', origin),
    ...(measured > 0 && first !== undefined
      ? [part(MEASURING, first.begin, first.begin + measured, origin)]
      : []),
  ]
}

function readBuiltin(
  { id, askedBy, loaded, begin, end }: BuiltinTrace,
  paths: readonly string[],
  origin: number,
): BuiltinLoad {
  const name = typeof askedBy === 'number' ? (paths[askedBy] ?? 'function') : askedBy
  return { id, askedBy: name, loaded, begin: begin + origin, ms: end - begin }
}

interface Open {
  readonly module: number
  readonly begin: number
  inside: number
}

/** Marks are in order of time. Of one at the top level, the next one is the end. */
function moduleTimes(
  trace: Trace,
  paths: readonly string[],
  origin: number,
  firstNext: number,
): ModuleTime[] {
  const times = new Map<number, { begin: number; longest: number; own: number; total: number }>()
  const stack: Open[] = []
  let top: Open | undefined
  const close = ({ module, begin, inside }: Open, end: number) => {
    const known = times.get(module) ?? { begin, longest: 0, own: 0, total: 0 }
    // That of a module which waits to be needed is also declared, which takes no time.
    if (end - begin > known.longest) {
      known.begin = begin
      known.longest = end - begin
    }
    known.own += Math.max(0, end - begin - inside)
    known.total += end - begin
    times.set(module, known)
    const outer = stack.at(-1) ?? top
    if (outer !== undefined && outer.module !== module) {
      outer.inside += end - begin
    }
  }
  const closeTop = (end: number) => {
    const closing = top
    top = undefined
    if (closing !== undefined) {
      close(closing, end)
    }
  }
  for (const [time, code] of trace.marks) {
    const ended = endOfEvaluation(trace, top?.begin, time)
    if (ended !== undefined) {
      closeTop(ended)
    }
    if (code === END_CODE) {
      const inner = stack.pop()
      if (inner !== undefined) {
        close(inner, time)
      }
    } else if (code >= 0) {
      closeTop(time)
      top = { module: code, begin: time, inside: 0 }
    } else {
      stack.push({ module: beginCode(code), begin: time, inside: 0 })
    }
  }
  closeTop(endOfEvaluation(trace, top?.begin, Number.POSITIVE_INFINITY) ?? top?.begin ?? 0)
  return [...times]
    .map(([module, { begin, own, total }]) => ({
      path: paths[module] ?? '',
      begin: begin + origin,
      ownMs: own,
      totalMs: total,
      phase: begin < firstNext ? ('init' as const) : ('invocation' as const),
    }))
    .sort((left, right) => right.ownMs - left.ownMs)
}

/** Where the script ends whose evaluation holds `begin`, if that is before `time`. */
function endOfEvaluation({ scripts }: Trace, begin: number | undefined, time: number): number | undefined {
  const spans = scripts.map(({ evaluate }) => evaluate).filter((span): span is Span => span !== undefined)
  const found =
    begin === undefined ? undefined : spans.find((span) => span.begin <= begin && begin <= span.end)
  return found !== undefined && found.end < time ? found.end : undefined
}
