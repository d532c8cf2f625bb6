/** The sizes of a package's parts as a flat list, to compare packages by and to keep. */
import type { Part } from '../package/part-tree.ts'

/** Bytes of the zip by part: `function / text / zod`. */
export type PartSizes = Readonly<Record<string, number>>

export interface PartChange {
  readonly part: string
  /** Bytes of the zip; 0 where there was none. */
  readonly before: number
  readonly now: number
}

const SEPARATOR = ' / '
/** Deep enough to name packages. */
const DEEPEST = 3

export function partSizes({ parts }: Part): PartSizes {
  return Object.fromEntries(
    parts.flatMap((part) => flat(part, [part.name])).sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

function flat(part: Part, path: readonly string[]): [string, number][] {
  if (part.parts.length === 0 || path.length === DEEPEST) {
    return [[path.join(SEPARATOR), part.zippedBytes]]
  }
  return part.parts.flatMap((own) => flat(own, [...path, own.name]))
}

/** What is not as it was, the largest change first. */
export function partChanges(before: PartSizes, now: PartSizes): PartChange[] {
  const parts = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return parts
    .map((part) => ({ part, before: before[part] ?? 0, now: now[part] ?? 0 }))
    .filter((change) => change.before !== change.now)
    .sort((left, right) => Math.abs(right.now - right.before) - Math.abs(left.now - left.before))
}
