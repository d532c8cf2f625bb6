/**
 * Which bytes of a chunk's script are which module's.
 *
 * esbuild writes modules one behind the other, and the source map tells which one a place is of: where another begins, the
 * one before ends. What has no place in the map is told by the build's record: files that became a value, such as bytes in
 * base64. So is what was compiled before and brought a source map of its own, whose sources may be anything: `webpack:///src/a.ts`, or
 * a file that the package does not ship. What stands in front of the first module, the chunk's wrapper and esbuild's helpers, is no module's.
 */
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping'
import { pathOfSource } from '../../executable/source-map.ts'
import type { Span } from './sea-blob.ts'

export interface ModuleSpan extends Span {
  /** Undefined for the wrapper and esbuild's helpers. */
  readonly module: string | undefined
}

/** Modules in the order of where they begin, and their bytes; as the build's record tells. */
export type RecordedBytes = ReadonlyMap<string, number>

/** The spans, in bytes of `script`, from its beginning to its end. Throws where `sourceMap` is none. */
export function moduleSpans(script: Buffer, sourceMap: Buffer, recorded: RecordedBytes): ModuleSpan[] {
  const text = script.toString()
  const map = new TraceMap(sourceMap.toString())
  const starts = startsOfModules(text, map)
  const offsets = byteOffsets(text, [...starts.map(({ at }) => at), text.length])
  const known = new Set(pathsOfSources(map))
  const spans = recordedSpans(
    starts.map(({ module }, index) => ({
      module,
      start: offsets[index] as number,
      end: offsets[index + 1] as number,
    })),
    recorded,
    known,
  )
  const named = new Set(spans.map(({ module }) => module))
  const behind = silentModules(recorded, (module) => named.has(module))
  return spans.flatMap((span) => withSilent(span, behind))
}

/**
 * The spans with the names that the record has. Those in a row whose sources it does not know are of the modules that it has there and the
 * map does not: by where in the row, as their sizes are known.
 */
function recordedSpans(
  spans: readonly ModuleSpan[],
  recorded: RecordedBytes,
  known: ReadonlySet<string | undefined>,
): ModuleSpan[] {
  const order = [...recorded]
  const places = new Map(order.map(([module], index) => [module, index]))
  const result: ModuleSpan[] = []
  let before = -1
  let from = 0
  for (const span of spans) {
    const place = places.get(span.module ?? '')
    if (place !== undefined || span.module === undefined) {
      before = Math.max(before, place ?? -1) // A module may go on further down.
      from = span.end
      result.push(span)
    } else {
      const next = order.findIndex(([module], index) => index > before && known.has(module))
      const there = order.slice(before + 1, next === -1 ? undefined : next)
      const module = moduleAt((span.start + span.end) / 2 - from, there) ?? span.module
      const last = result.at(-1)
      // One that was compiled of several sources is one.
      if (last !== undefined && last.module === module) {
        result[result.length - 1] = { ...last, end: span.end }
      } else {
        result.push({ ...span, module })
      }
    }
  }
  return result
}

function moduleAt(offset: number, modules: readonly (readonly [module: string, bytes: number])[]) {
  let end = 0
  for (const [module, bytes] of modules) {
    end += bytes
    if (offset < end) {
      return module
    }
  }
  return modules.at(-1)?.[0]
}

/** Named as the build's record names them. */
function pathsOfSources({ sources }: TraceMap): (string | undefined)[] {
  return sources.map((source) => (source === null ? undefined : pathOfSource(source)))
}

interface ModuleStart {
  readonly module: string | undefined
  /** In UTF-16 code units, as source maps count. */
  readonly at: number
}

function startsOfModules(text: string, map: TraceMap): ModuleStart[] {
  const lines = startsOfLines(text)
  const sources = pathsOfSources(map)
  const starts: ModuleStart[] = [{ module: undefined, at: 0 }]
  let current = -1
  for (const [line, segments] of decodedMappings(map).entries()) {
    for (const segment of segments) {
      const source = segment[1]
      if (source !== undefined && source !== current) {
        current = source
        const at = (lines[line] ?? text.length) + segment[0]
        starts.push({ module: sources[source], at: startOfWrapper(text, at) })
      }
    }
  }
  return starts
}

function startsOfLines(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
}

/** What opens a module that is evaluated when it is first needed, up to its first statement. */
const WRAPPER =
  /(?:\/\/ [^\n]*\n)?(?:var |,)?\s*[\w$]+\s*=\s*[\w$]+\((?:\{\s*(?:async )?"(?:[^"\\]|\\.)*"\([^)]*\)|\([^)]*\)\s*=>|(?:async )?\(\)\s*=>)\s*\{\s*$/
const LONGEST_WRAPPER = 1000

/** Where a module begins whose first place in the map is `at`: the wrapper around it has none. */
function startOfWrapper(text: string, at: number): number {
  const from = Math.max(0, at - LONGEST_WRAPPER)
  const found = WRAPPER.exec(text.slice(from, at))
  return found === null ? at : from + found.index
}

/** A script is ASCII but for what cannot be escaped, and then a code unit is a byte. */
function byteOffsets(text: string, offsets: readonly number[]): number[] {
  let [at, bytes] = [0, 0]
  return offsets.map((offset) => {
    bytes += offset > at ? Buffer.byteLength(text.slice(at, offset)) : 0
    at = Math.max(at, offset)
    return bytes
  })
}

/** Of each module that the map knows, those right behind it that it does not. */
function silentModules(
  recorded: RecordedBytes,
  isKnown: (module: string) => boolean,
): Map<string, [module: string, bytes: number][]> {
  const behind = new Map<string, [string, number][]>()
  let last: string | undefined
  for (const [module, bytes] of recorded) {
    if (isKnown(module)) {
      last = module
    } else if (last !== undefined) {
      behind.set(last, [...(behind.get(last) ?? []), [module, bytes]])
    }
  }
  return behind
}

/** A span without the modules at its end that the map does not know, and those; each once. */
function withSilent(span: ModuleSpan, behind: Map<string, [module: string, bytes: number][]>): ModuleSpan[] {
  const silent = behind.get(span.module ?? '') ?? []
  const bytes = silent.reduce((sum, [, size]) => sum + size, 0)
  if (bytes === 0 || bytes > span.end - span.start) {
    return span.end > span.start ? [span] : []
  }
  behind.delete(span.module ?? '')
  let start = span.end - bytes
  const own = { ...span, end: start }
  const others = silent.map(([module, size]) => {
    start += size
    return { module, start: start - size, end: start }
  })
  return [...(own.end > own.start ? [own] : []), ...others]
}
