/** The parts of a package as a tree, in which each part is the sum of its own parts. */
import type { PartPath } from './file-parts.ts'

export interface Part {
  readonly name: string
  readonly bytes: number
  readonly zippedBytes: number
  /** The largest first, by what they take of the zip. */
  readonly parts: readonly Part[]
}

export interface PartSize {
  readonly path: PartPath
  readonly bytes: number
  readonly zippedBytes: number
}

class Node {
  bytes = 0
  zippedBytes = 0
  readonly parts = new Map<string, Node>()

  part(name: string): Node {
    const known = this.parts.get(name) ?? new Node()
    this.parts.set(name, known)
    return known
  }

  toPart(name: string): Part {
    const parts = [...this.parts].map(([own, node]) => node.toPart(own))
    return {
      name,
      bytes: this.bytes,
      zippedBytes: this.zippedBytes,
      parts: parts.sort((left, right) => right.zippedBytes - left.zippedBytes || right.bytes - left.bytes),
    }
  }
}

/** A tree of all sizes: those of the same path are one part. */
export function partTree(name: string, sizes: readonly PartSize[]): Part {
  const root = new Node()
  for (const { path, bytes, zippedBytes } of sizes) {
    let node = root
    for (const step of [undefined, ...path]) {
      node = step === undefined ? root : node.part(step)
      node.bytes += bytes
      node.zippedBytes += zippedBytes
    }
  }
  return root.toPart(name)
}

/** The part that a path leads to; undefined where there is none. */
export function findPart(root: Part, path: PartPath): Part | undefined {
  let part: Part | undefined = root
  for (const name of path) {
    part = part?.parts.find((own) => own.name === name)
  }
  return part
}

/** All parts that have no parts of their own, with their paths. */
export function leaves(root: Part): { readonly path: PartPath; readonly part: Part }[] {
  const found: { path: string[]; part: Part }[] = []
  const pending = root.parts.map((part) => ({ path: [part.name], part }))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, part } = next
    if (part.parts.length === 0) {
      found.push(next)
    }
    pending.push(...part.parts.map((own) => ({ path: [...path, own.name], part: own })))
  }
  return found
}
