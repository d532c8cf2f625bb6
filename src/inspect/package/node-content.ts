/**
 * Finds, in Node.js's read-only data, what has no symbol there: the sources and the code caches of its built-in modules, and
 * V8's startup snapshots. They are known by how they begin:
 *
 * - A code cache begins with V8's magic number, 0xC0DE in its upper half, and a hash of V8's version, which all of them have in
 *   common (`SerializedCodeData` of V8's code-serializer.h).
 * - A snapshot has V8's version as text 16 bytes from its beginning, and where its contexts begin behind that (`SnapshotImpl`
 *   of snapshot.cc).
 * - Sources are long runs of text with line breaks and statements of JavaScript.
 *
 * No release promises any of it. What is not found is what it is, read-only data.
 */

/** Bytes `start` to `end` of the data. */
export interface Found {
  readonly kind: 'code cache' | 'snapshot' | 'source'
  readonly start: number
  readonly end: number
}

/** In order, none of them overlapping. */
export function findNodeContent(data: Buffer): Found[] {
  const binary = [...findSnapshots(data), ...findCodeCaches(data)]
  const sources = findSources(data).filter(
    (source) => !binary.some(({ start, end }) => source.start < end && source.end > start),
  )
  return withoutOverlaps([...binary, ...sources])
}

function withoutOverlaps(found: readonly Found[]): Found[] {
  let end = 0
  return found
    .toSorted((left, right) => left.start - right.start)
    .filter((each) => {
      const isFree = each.start >= end
      end = isFree ? each.end : end
      return isFree
    })
}

const CODE_MAGIC = Buffer.from([0xde, 0xc0])
const VERSION_HASH_AT = 4
/** Where the payload's length may be, by V8's version, and how long the header is. */
const PAYLOAD_LENGTH_AT = [20, 16] as const
const CODE_HEADER_BYTES = 32
/** A whole module's is below. */
const MOST_CODE_BYTES = 4_000_000
/** Node.js has some hundred; a few are chance. */
const FEWEST_CODE_CACHES = 20

function findCodeCaches(data: Buffer): Found[] {
  const byVersion = new Map<number, number[]>()
  for (let at = data.indexOf(CODE_MAGIC, 2); at !== -1; at = data.indexOf(CODE_MAGIC, at + 1)) {
    const start = at - 2
    if (start + CODE_HEADER_BYTES <= data.length) {
      const version = data.readUInt32LE(start + VERSION_HASH_AT)
      byVersion.set(version, [...(byVersion.get(version) ?? []), start])
    }
  }
  const [starts = []] = [...byVersion.values()].sort((left, right) => right.length - left.length)
  if (starts.length < FEWEST_CODE_CACHES) {
    return []
  }
  return starts.flatMap((start, index) => {
    const next = starts[index + 1] ?? data.length
    const length = PAYLOAD_LENGTH_AT.map((at) => data.readUInt32LE(start + at)).find(
      (payload) => payload > 0 && payload < MOST_CODE_BYTES && start + CODE_HEADER_BYTES + payload <= next,
    )
    return length === undefined
      ? []
      : [{ kind: 'code cache' as const, start, end: start + CODE_HEADER_BYTES + length }]
  })
}

const VERSION_AT = 16
const VERSION_BYTES = 64
const FIRST_CONTEXT_AT = VERSION_AT + VERSION_BYTES + 8
const SNAPSHOT_HEADER_BYTES = 8
const MOST_CONTEXTS = 16
/** What Node.js adds to V8's version. */
const NODE_MARK = '-node.'
const V8_VERSION = /\d+\.\d+\.\d+\.\d+$/

function findSnapshots(data: Buffer): Found[] {
  const found: Found[] = []
  for (let at = data.indexOf(NODE_MARK); at !== -1; at = data.indexOf(NODE_MARK, at + 1)) {
    const version = V8_VERSION.exec(data.toString('latin1', Math.max(0, at - 24), at))?.[0]
    const start = at - (version?.length ?? 0) - VERSION_AT
    if (version !== undefined && start >= 0) {
      const end = endOfSnapshot(data, start)
      found.push(...(end === undefined ? [] : [{ kind: 'snapshot' as const, start, end }]))
    }
  }
  return found
}

/** Behind the last context, which tells its length. */
function endOfSnapshot(data: Buffer, start: number): number | undefined {
  const contexts = data.readUInt32LE(start)
  if (contexts === 0 || contexts > MOST_CONTEXTS) {
    return undefined
  }
  const last = start + data.readUInt32LE(start + FIRST_CONTEXT_AT + 4 * (contexts - 1))
  if (last <= start || last + SNAPSHOT_HEADER_BYTES > data.length) {
    return undefined
  }
  const end = last + SNAPSHOT_HEADER_BYTES + data.readUInt32LE(last + 4)
  return end <= data.length ? end : undefined
}

const SHORTEST_SOURCE = 1000
const LINE_FEED = 10
const JAVASCRIPT = /\b(?:function|const|return|require|primordials)\b/

function findSources(data: Buffer): Found[] {
  return [...textRuns(data, 1), ...textRuns(data, 2)].filter(({ start, end }) => {
    const text = data.toString('latin1', start, Math.min(end, start + 8000)).replaceAll('\0', '')
    return text.includes('\n') && JAVASCRIPT.test(text)
  })
}

/**
 * Runs of text in characters of `width` bytes: Node.js has sources that are not Latin-1 in two. A run that is long enough has
 * text at each half of that length, so only those places are looked at, and what is around those with text.
 */
function textRuns(data: Buffer, width: 1 | 2): Found[] {
  const isTextAt = (at: number) => isText(data[at] ?? 0) && (width === 1 || data[at + 1] === 0)
  const runs: Found[] = []
  const step = (SHORTEST_SOURCE * width) / 2
  for (let probe = 0; probe < data.length; probe += step) {
    const inside = isTextAt(probe) ? probe : probe + 1
    if (!isTextAt(inside)) {
      continue
    }
    let [start, end] = [inside, inside]
    while (start >= width && isTextAt(start - width)) {
      start -= width
    }
    while (end < data.length && isTextAt(end)) {
      end += width
    }
    if (end - start >= SHORTEST_SOURCE * width) {
      runs.push({ kind: 'source', start, end })
    }
    probe = Math.max(probe, Math.floor(end / step) * step)
  }
  return runs
}

function isText(byte: number): boolean {
  return (byte >= 32 && byte < 127) || byte === LINE_FEED || byte === 9 || byte === 13
}
