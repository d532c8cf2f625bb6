/**
 * The state of what a build looked at: as long as that is the same, the build would come to the same, and need not be begun.
 *
 * A file counts as the one that was read by its inode, size, mode and times, as to git and make; when one of these differs, by its
 * content. A state is only taken of files that had not changed for a moment when the build began: a change that comes within one tick
 * of a file system's clock does not show in a file's times.
 */
import { hash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { ALL, realPath, stemOf } from './looked-at.ts'

type FileState = readonly [status: string, digest: string]
type FolderState = readonly [status: string, digest: string, stems: readonly string[]]

/** As JSON can hold it; by absolute path, each. */
export interface InputState {
  readonly files: Readonly<Record<string, FileState>>
  readonly largeFiles: Readonly<Record<string, string>>
  readonly folders: Readonly<Record<string, FolderState>>
  readonly links: Readonly<Record<string, string>>
}

/** What {@link ./looked-at.ts} has. */
interface Watched {
  readonly files: Iterable<string>
  readonly largeFiles: Iterable<string>
  readonly folders: Iterable<readonly [folder: string, stems: Iterable<string>]>
  readonly links: Iterable<string>
}

const NOT_THERE = 'not there'
/** What no status is: the content is looked at each time. */
const UNSURE = ''

/** Later than any change. */
const NEVER = 1n << 80n
const SECOND = 1_000_000_000n
/** Two clock ticks of a kernel, and more. */
const TICK = SECOND / 20n
/** Of file systems that tell times in whole seconds, or every other one. */
const COARSE_TICK = 2n * SECOND

/**
 * Undefined when something has changed since the time `since`, in nanoseconds since 1970, or so shortly before that it is not known
 * whether the build has read it as it is now; or when something cannot be read.
 */
export function takeInputState(
  { files, largeFiles, folders, links }: Watched,
  since: bigint,
): InputState | undefined {
  try {
    return {
      files: record(files, (file) => {
        const { text } = settled(statusOf(file), since)
        return [text, digestOfFile(file, text)]
      }),
      // What a build makes itself it has read, too.
      largeFiles: record(
        largeFiles,
        (file) => settled(statusOf(file), isInside(file, cacheFolder()) ? NEVER : since).text,
      ),
      folders: Object.fromEntries(
        [...folders].map(([folder, stems]) => [folder, folderState(folder, [...stems].sort(), since)]),
      ),
      links: record(links, (path) => realPath(path) ?? NOT_THERE),
    }
  } catch {
    return undefined
  }
}

function record<Value>(paths: Iterable<string>, describe: (path: string) => Value): Record<string, Value> {
  return Object.fromEntries([...paths].map((path) => [path, describe(path)]))
}

function folderState(folder: string, stems: readonly string[], since: bigint): FolderState {
  const status = statusOf(folder)
  const names = namesIn(folder, stems)
  if (isSettled(status, since)) {
    return [status.text, digestOfNames(names), stems]
  }
  // Something came, or went. What went was not read, else it would be missed.
  for (const { path } of names) {
    settled(statusOf(path, lstatSync), since)
  }
  return [UNSURE, digestOfNames(names), stems]
}

/**
 * Whether all is as it was; `touched` where only what the file system says of it is other than before. Throws where `state` is none,
 * and where something cannot be read.
 */
export function compareInputState(state: InputState): 'same' | 'touched' | 'changed' {
  const { files, largeFiles, folders, links } = state
  let isTouched = false
  for (const [file, status] of Object.entries(largeFiles)) {
    if (statusOf(file).text !== status) {
      return 'changed'
    }
  }
  for (const [path, target] of Object.entries(links)) {
    if ((realPath(path) ?? NOT_THERE) !== target) {
      return 'changed'
    }
  }
  for (const [file, [known, digest]] of Object.entries(files)) {
    const status = statusOf(file).text
    if (status !== known) {
      isTouched = true
      if (status === NOT_THERE || digestOfFile(file, status) !== digest) {
        return 'changed'
      }
    }
  }
  for (const [folder, [known, digest, stems]] of Object.entries(folders)) {
    if (statusOf(folder).text !== known) {
      isTouched = true
      if (digestOfNames(namesIn(folder, stems)) !== digest) {
        return 'changed'
      }
    }
  }
  return isTouched ? 'touched' : 'same'
}

/** The state of the same, taken anew; undefined as with {@link takeInputState}. */
export function takeInputStateAgain(
  { files, largeFiles, folders, links }: InputState,
  since: bigint,
): InputState | undefined {
  return takeInputState(
    {
      files: Object.keys(files),
      largeFiles: Object.keys(largeFiles),
      folders: Object.entries(folders).map(([folder, [, , stems]]) => [folder, stems] as const),
      links: Object.keys(links),
    },
    since,
  )
}

interface Status {
  readonly text: string
  /** When it or what the file system says of it changed last, in nanoseconds. */
  readonly changed: bigint
  readonly tick: bigint
}

function statusOf(path: string, look: typeof statSync | typeof lstatSync = statSync): Status {
  const status = look(path, { bigint: true, throwIfNoEntry: false })
  if (status === undefined) {
    return { text: NOT_THERE, changed: 0n, tick: 0n }
  }
  const { dev, ino, size, mode, mtimeNs, ctimeNs } = status
  return {
    text: [dev, ino, size, mode, mtimeNs, ctimeNs].join(' '),
    changed: mtimeNs > ctimeNs ? mtimeNs : ctimeNs,
    tick: ctimeNs % SECOND === 0n ? COARSE_TICK : TICK,
  }
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder + sep)
}

function isSettled({ changed, tick }: Status, since: bigint): boolean {
  return changed < since - tick
}

function settled(status: Status, since: bigint): Status {
  if (status.text === NOT_THERE || !isSettled(status, since)) {
    throw new Error('it has changed during the build')
  }
  return status
}

/** What this process has read, by path: functions have much in common. */
const known = new Map<string, FileState>()

/** With whether it can be run, which goes into packages, too. */
function digestOfFile(file: string, status: string): string {
  const before = known.get(file)
  if (before?.[0] === status) {
    return before[1]
  }
  const isExecutable = (statSync(file).mode & 0o111) !== 0
  const digest = `${isExecutable ? 'x' : ''}${hash('sha256', readFileSync(file))}`
  if (statusOf(file).text !== status) {
    throw new Error(`${file} is being written to`)
  }
  if (isSettled(statusOf(file), BigInt(wallClock()) * 1_000_000n - COARSE_TICK)) {
    known.set(file, [status, digest])
  }
  return digest
}

interface NameInFolder {
  readonly name: string
  readonly path: string
  readonly kind: string
}

/** Those that count, and what each is: a file, a folder, or where it leads. */
function namesIn(folder: string, stems: readonly string[]): NameInFolder[] {
  const wanted = new Set(stems)
  return entriesOf(folder)
    .filter(({ name }) => wanted.has(ALL) || wanted.has(stemOf(name)))
    .map((entry) => {
      const path = join(folder, entry.name)
      const target = entry.isSymbolicLink() ? `link to ${realPath(path)}` : undefined
      return { name: entry.name, path, kind: target ?? (entry.isDirectory() ? 'folder' : 'file') }
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return []
    }
    throw error
  }
}

function digestOfNames(names: readonly NameInFolder[]): string {
  return hash('sha256', JSON.stringify(names.map(({ name, kind }) => [name, kind])))
}
