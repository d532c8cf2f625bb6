/**
 * Has what a start touches of an executable read ahead when it starts and nothing of it is in memory, as in a new execution
 * environment: there, most of what a start takes is waiting for the disk.
 *
 * It is laid side by side in the file where that can be: see {@link ./packed-file.ts}. Where it cannot, each page is left where
 * it is, and asked for there: see {@link ./prefetch-stub.ts}.
 */
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { addEntryCode, lastSegmentOffset } from '../elf/entry-code.ts'
import type { GatheredBytes } from '../elf/gathered-bytes.ts'
import { findHotPages } from './hot-pages.ts'
import type { HotPages } from './moved-pages.ts'
import { packHotPages } from './packed-file.ts'
import { GAP_PAGES, joinRanges, PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'
import { prefetchStub } from './prefetch-stub.ts'
import { type FunctionKind, recordTouchedPages } from './reference-executable.ts'

export interface ReadAheadSource {
  readonly base: BaseNode
  /** Of its function; several where it is for functions of all of them, of which the first needs least. */
  readonly kind: FunctionKind | readonly [FunctionKind, FunctionKind]
  readonly runtime: RuntimeBundle
}

const NO_READ_AHEAD =
  'what a start touches of this Node.js could not be found out here (Linux tells it in /proc), so with nothing of it in memory yet, as in each new execution environment, the executable starts slower'
const UNKNOWN_LAYOUT = 'this Node.js is not laid out as those that are known'
const NOT_PACKED =
  'what a start touches is scattered over the executable’s file, so that more of it is fetched where it is not on the host yet'

/** An executable that may be written, and what starts of it cost more than they might. */
export interface ReadAheadVariant {
  readonly bytes: () => GatheredBytes
  /** In one sentence, given why better ones do not work here; undefined where starts cost no more. */
  readonly note: (failure: string) => string | undefined
}

/**
 * The executable with what a start touches read ahead, the best variant first; the last is as it was made, or works as surely.
 * `cold` is what of its content no start reads; `folder` is not there yet, and for what comes in between.
 */
export async function withReadAhead(
  bytes: GatheredBytes,
  fileName: string,
  source: ReadAheadSource,
  cold: readonly Buffer[],
  folder: string,
): Promise<ReadAheadVariant[]> {
  const { runner } = source.base
  const hot = await findHot(bytes, fileName, source, cold, folder)
  if (hot === undefined) {
    return [{ bytes: () => bytes, note: () => runner && NO_READ_AHEAD }]
  }
  // What nobody has tried here is not moved.
  const packed = runner && packHotPages(bytes, fileName, hot)
  const inPlace = readInPlace(bytes, fileName, source.base.arch, hot)
  return [
    ...(packed === undefined ? [] : [{ bytes: () => packed, note: () => undefined }]),
    {
      bytes: () => inPlace() ?? bytes,
      note: (failure: string) =>
        runner && (inPlace() ? `${NOT_PACKED}: ${failure || UNKNOWN_LAYOUT}` : NO_READ_AHEAD),
    },
  ]
}

/** Made when it is asked for, once. */
function readInPlace(
  bytes: GatheredBytes,
  fileName: string,
  arch: Architecture,
  hot: HotPages,
): () => GatheredBytes | undefined {
  let made: { readonly changed: GatheredBytes | undefined } | undefined
  return () => {
    const ranges = [...joinRanges(hot.ofNode, GAP_PAGES), ...hot.ofContent]
    made ??= {
      changed: addEntryCode(bytes, fileName, (address, entry) => prefetchStub(arch, address, entry, ranges)),
    }
    return made.changed
  }
}

/** Undefined where it is not known what is hot. */
async function findHot(
  bytes: GatheredBytes,
  executable: string,
  { base, kind, runtime }: ReadAheadSource,
  cold: readonly Buffer[],
  folder: string,
): Promise<HotPages | undefined> {
  const content = lastSegmentOffset(bytes, executable)
  if (content === undefined) {
    return undefined
  }
  const kinds = typeof kind === 'string' ? [kind] : kind
  const found = await Promise.all(
    kinds.map((each) =>
      findHotPages(bytes, executable, base.path, each, () =>
        recordTouchedPages(each, base, runtime, join(folder, each)),
      ),
    ),
  )
  if (found.some(({ touched }) => touched.length === 0)) {
    return undefined
  }
  const isOfNode = ({ start, count }: PageRange) => (start + count) * PAGE_BYTES <= content
  const touchedBy = found.map(({ touched }) => touched.filter(isOfNode))
  return {
    ofNode: joinRanges(touchedBy.flat(), 0),
    ofSmall: touchedBy.length > 1 ? touchedBy[0] : undefined,
    ofContent: contentPages(bytes, content, cold),
    together: joinRanges(
      found.flatMap(({ together }) => together),
      0,
    ),
  }
}

/** The pages of what pkg has added, without those that are cold through and through. */
function contentPages(bytes: GatheredBytes, content: number, cold: readonly Buffer[]): PageRange[] {
  const added = bytes.subarray(content)
  const places = cold
    .filter(({ length }) => length > 0)
    .map((part) => ({ from: added.indexOf(part), length: part.length }))
    .filter(({ from }) => from !== -1)
    .map(({ from, length }) => ({ from: content + from, length }))
    .toSorted((left, right) => left.from - right.from)
  const starts = [content, ...places.map(({ from, length }) => from + length)]
  const ends = [...places.map(({ from }) => from), bytes.length]
  return starts.map((start, index) => pagesOf(start, ends[index] as number)).filter(({ count }) => count > 0)
}
