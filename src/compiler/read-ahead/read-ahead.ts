/**
 * Has what a start touches of an executable read ahead when it starts and nothing of it is in memory, as in a new execution
 * environment: there, most of what a start takes is waiting for the disk.
 *
 * It is laid side by side in the file where that can be: see {@link ./packed-file.ts}. Where it cannot, each page is left where
 * it is, and asked for there: see {@link ./prefetch-stub.ts}.
 */
import { readFile, writeFile } from 'node:fs/promises'
import type { BaseNode } from '../base-node/base-node.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { addEntryCode, lastSegmentOffset } from '../elf/entry-code.ts'
import { SelfTestError, testExecutable } from '../executable/self-test.ts'
import { findHotPages } from './hot-pages.ts'
import type { HotPages } from './moved-pages.ts'
import { packHotPages } from './packed-file.ts'
import { GAP_PAGES, joinRanges, PAGE_BYTES, type PageRange, pagesOf } from './page-ranges.ts'
import { prefetchStub } from './prefetch-stub.ts'
import { kindOfFunction, recordTouchedPages } from './reference-executable.ts'

export interface ReadAheadSource {
  readonly base: BaseNode
  readonly bundle: FunctionBundle
  readonly runtime: RuntimeBundle
}

const NO_READ_AHEAD =
  'what a start touches of this Node.js could not be found out here (Linux tells it in /proc), so with nothing of it in memory yet, as in each new execution environment, the executable starts slower'
const NOT_PACKED =
  'what a start touches is scattered over the executable’s file, so that more of it is fetched where it is not on the host yet'

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
  const { runner } = source.base
  const bytes = await readFile(executable)
  const hot = await findHot(bytes, executable, source, cold, folder)
  if (hot === undefined) {
    return runner && NO_READ_AHEAD
  }
  // What nobody has tried here is not moved.
  const failure = runner ? await tryPacked(bytes, executable, hot, runner) : ''
  if (failure === undefined) {
    return undefined
  }
  const ranges = [...joinRanges(hot.ofNode, GAP_PAGES), ...hot.ofContent]
  const changed = addEntryCode(bytes, executable, (address, entry) =>
    prefetchStub(source.base.arch, address, entry, ranges),
  )
  await writeFile(executable, changed ?? bytes)
  return runner && (changed ? `${NOT_PACKED}: ${failure}` : NO_READ_AHEAD)
}

/** Undefined where it is not known what is hot. */
async function findHot(
  bytes: Buffer,
  executable: string,
  { base, bundle, runtime }: ReadAheadSource,
  cold: readonly Buffer[],
  folder: string,
): Promise<HotPages | undefined> {
  const content = lastSegmentOffset(bytes, executable)
  if (content === undefined) {
    return undefined
  }
  const kind = kindOfFunction(bundle.entry.code)
  const { touched, together } = await findHotPages(bytes, executable, base.path, kind, () =>
    recordTouchedPages(kind, base, runtime, folder),
  )
  if (touched.length === 0) {
    return undefined
  }
  const ofNode = touched.filter(({ start, count }) => (start + count) * PAGE_BYTES <= content)
  return { ofNode, ofContent: contentPages(bytes, content, cold), together }
}

/** Writes the executable with its hot pages side by side. Resolves to why it does not work; undefined when it does. */
async function tryPacked(
  bytes: Buffer,
  executable: string,
  hot: HotPages,
  runner: readonly string[],
): Promise<string | undefined> {
  const packed = packHotPages(bytes, executable, hot)
  if (packed === undefined) {
    return 'this Node.js is not laid out as those that are known'
  }
  await writeFile(executable, packed)
  try {
    await testExecutable(executable, runner)
    return undefined
  } catch (error) {
    if (error instanceof SelfTestError) {
      return `with its pages side by side it did not start here (${error.message.split('\n')[0]})`
    }
    throw error
  }
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
