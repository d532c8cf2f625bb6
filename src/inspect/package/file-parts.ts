/**
 * Divides a file among its parts. Each part claims some bytes of it; a claim within another one's takes them from that one. What
 * nobody claims is the file's own. So each byte has exactly one owner.
 */
import type { Span } from './sea-blob.ts'

/** Names from the package's root downwards: `['Node.js', 'ICU data', 'locales']`. */
export type PartPath = readonly string[]

export interface Claim extends Span {
  readonly path: PartPath
  /** Of the function's text: the module that it is, by its path in the function's project, and the chunk that it is in. */
  readonly module?: { readonly path: string; readonly chunk: number }
}

/** The claims, cut so that they follow each other from 0 to `length` without a gap; `rest` is whose the gaps are. */
export function divideFile(claims: readonly Claim[], length: number, rest: PartPath): Claim[] {
  const divided: Claim[] = []
  const open: Claim[] = [{ path: rest, start: 0, end: length }]
  let position = 0
  const advance = (to: number) => {
    const owner = open.at(-1) as Claim
    if (to > position) {
      divided.push({ ...owner, start: position, end: to })
      position = to
    }
  }
  const closeBefore = (start: number) => {
    for (let inner = open.at(-1); inner !== undefined && inner.end <= start; inner = open.at(-1)) {
      advance(inner.end)
      open.pop()
    }
  }
  for (const claim of claims.toSorted(outerFirst)) {
    closeBefore(claim.start)
    const outer = open.at(-1)
    if (outer === undefined || claim.end <= claim.start || claim.start < 0) {
      continue
    }
    advance(claim.start)
    open.push({ ...claim, end: Math.min(claim.end, outer.end) })
  }
  closeBefore(length)
  return divided
}

function outerFirst(left: Claim, right: Claim): number {
  return left.start - right.start || right.end - left.end
}
