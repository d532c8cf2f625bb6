/**
 * Has an executable's hot pages read ahead when it starts and they are not in memory, as in a new execution environment:
 * there, most of what a start takes is waiting for the disk. See {@link ./prefetch-stub.ts} for how.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { BaseNode } from '../base-node/base-node.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { addEntryCode, lastSegmentOffset } from '../elf/entry-code.ts'
import { findHotPages } from './hot-pages.ts'
import { PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'
import { prefetchStub } from './prefetch-stub.ts'
import { kindOfFunction, recordTouchedPages } from './reference-executable.ts'

export interface ReadAheadSource {
  readonly base: BaseNode
  readonly bundle: FunctionBundle
  readonly runtime: RuntimeBundle
}

const NO_READ_AHEAD =
  'what a start touches of this Node.js could not be found out here (Linux tells it in /proc), so with nothing of it in memory yet, as in each new execution environment, the executable starts slower'

/**
 * Changes the executable, which is made of `source`. It is left as it is where what a start touches is not known, and where
 * there is no place in it for more code. `cold` is what of its content no start reads; `folder` is not there yet, and for
 * what comes in between. Resolves to what that costs, in one sentence; undefined where nothing of the kind can run here at all.
 */
export async function addReadAhead(
  executable: string,
  source: ReadAheadSource,
  cold: readonly Buffer[],
  folder: string,
): Promise<string | undefined> {
  const isDone = await change(executable, source, cold, folder)
  return isDone || source.base.runner === undefined ? undefined : NO_READ_AHEAD
}

async function change(
  executable: string,
  { base, bundle, runtime }: ReadAheadSource,
  cold: readonly Buffer[],
  folder: string,
): Promise<boolean> {
  const bytes = await readFile(executable)
  const content = lastSegmentOffset(bytes, executable)
  if (content === undefined) {
    return false
  }
  const kind = kindOfFunction(bundle.entry.code)
  const ofNode = await findHotPages(bytes, executable, base.path, kind, () =>
    recordTouchedPages(kind, base, runtime, folder),
  )
  if (ofNode.length === 0) {
    return false
  }
  const ranges = [
    ...ofNode.filter(({ start, count }) => (start + count) * PAGE_BYTES <= content),
    ...contentPages(bytes, content, cold),
  ]
  const changed = addEntryCode(bytes, executable, (address, entry) =>
    prefetchStub(base.arch, address, entry, ranges),
  )
  if (changed === undefined) {
    return false
  }
  await writeFile(executable, changed)
  return true
}

/** The pages of what pkg has added, without those that are cold through and through. */
function contentPages(bytes: Buffer, content: number, cold: readonly Buffer[]): PageRange[] {
  const places = cold
    .filter(({ length }) => length > 0)
    .map((part) => ({ from: bytes.indexOf(part, content), length: part.length }))
    .filter(({ from }) => from !== -1)
    .toSorted((left, right) => left.from - right.from)
  const starts = [content, ...places.map(({ from, length }) => from + length)]
  const ends = [...places.map(({ from }) => from), bytes.length]
  return starts.map((start, index) => pagesOf(start, ends[index] as number)).filter(({ count }) => count > 0)
}
