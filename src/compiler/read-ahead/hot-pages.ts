/**
 * What every start of a kind of function touches of the Node.js in an executable.
 *
 * For the pinned Node.js, base-node/hot-pages.json tells, so that the same sources give the same package everywhere. For
 * any other one it is found out when the first such executable is made of it, and kept.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { CacheArea } from '../cache/build-cache.ts'
import { parseElf } from '../elf/elf-file.ts'
import type { FileBytes } from '../elf/gathered-bytes.ts'
import { parseRanges } from './page-ranges.ts'
import type { FunctionKind } from './reference-executable.ts'
import { NOTHING_TOUCHED, type TouchedPages } from './touched-pages.ts'

/**
 * `base-node/hot-pages.json`, by {@link layoutOf}: of what it tells, what is to stay in one piece, and in lines what each kind
 * of function touches.
 */
export type KnownHotPages = Readonly<
  Record<
    string,
    { readonly of: string; readonly together: string } & Readonly<Record<FunctionKind, readonly string[]>>
  >
>

const KNOWN_FILE = new URL('../../../base-node/hot-pages.json', import.meta.url)

/** Finds out which pages a start of that kind touches; none when that cannot be found out. */
export type RecordPages = () => Promise<TouchedPages>

/**
 * The pages for `executable`, made of the Node.js at `base`; none where that is neither known nor to be found out. Rejects
 * as `record` does.
 */
export async function findHotPages(
  executable: FileBytes,
  fileName: string,
  base: string,
  kind: FunctionKind,
  record: RecordPages,
): Promise<TouchedPages> {
  const layout = layoutOf(executable, fileName)
  const known: KnownHotPages = JSON.parse(await readFile(KNOWN_FILE, 'utf8'))
  const ofLayout = known[layout]
  return ofLayout === undefined
    ? remember([layout, base, kind, 'together'], record)
    : { touched: parseRanges(ofLayout[kind].join(' ')), together: parseRanges(ofLayout.together) }
}

/**
 * Tells executables apart by their Node.js: which build of it that is, and where the parts of it are in the file. It is
 * the same whatever the function is, and also when what is stripped off the Node.js is something else.
 */
export function layoutOf(executable: FileBytes, fileName: string): string {
  const { segments, sections } = parseElf(executable, fileName)
  const id = sections.find(({ name }) => name === '.note.gnu.build-id')
  const ownSegments = segments.filter(({ type }) => type === LOADED).slice(0, -1)
  const hash = createHash('sha256').update(JSON.stringify(ownSegments))
  if (id) {
    hash.update(executable.subarray(id.offset, id.offset + id.size))
  }
  return hash.digest('hex').slice(0, 32)
}

const LOADED = 1

async function remember(identity: readonly string[], record: RecordPages): Promise<TouchedPages> {
  const recorded = await new CacheArea('hot-pages').bytesIfAny(identity, async () => {
    const pages = await record()
    return pages.touched.length === 0 ? undefined : Buffer.from(JSON.stringify(pages))
  })
  return recorded === undefined ? NOTHING_TOUCHED : JSON.parse(recorded.toString())
}
