/**
 * Makes the blob of an executable with a startup snapshot smaller, before it is put into the executable.
 *
 * Node.js writes two things into each startup snapshot: V8's heap, and a code cache of all of Node.js's own modules, which
 * has 4 MB and is copied at every start. More than half of that code is of no use. A module that is in the heap already is
 * never compiled again, other than in a Worker. Without the code of those modules, a function starts 2 ms earlier.
 *
 * What is left of it can be replaced by what is compiled further: {@link ./snapshot/compiled-modules.ts}.
 *
 * What the blob looks like, outside in. A length has 64 bits, that of V8's part 32; all is little-endian.
 *
 * - The blob is Node.js's `SeaResource`: some fields, the length of the snapshot, the snapshot, and the assets.
 * - The snapshot is Node.js's `SnapshotData`: magic bytes; type, version, architecture and platform; 32 bits of flags; V8's
 *   part; what the isolate and the environment consist of, with the names of the modules that are loaded; and the code
 *   cache.
 * - The code cache is the number of its modules, and of each the name and the code.
 *
 * No version of Node.js promises this form. The source is its `node_sea.cc` and `node_snapshotable.cc`. So all of the
 * snapshot is read, to its last byte, and where that does not come out even nothing is changed, and the build says so.
 */

const SNAPSHOT_MAGIC = Buffer.from([0x19, 0xda, 0x43, 0x01])
const LENGTH_BYTES = 8

export interface CodeCacheEntry {
  readonly module: string
  /** All of it, with its name and length. */
  readonly bytes: Buffer
  /** V8's code cache, the end of those. */
  readonly cache: Buffer
}

export interface CodeCache {
  /** Where, in the snapshot, the number of its entries is; they are the rest of it. */
  readonly start: number
  readonly entries: readonly CodeCacheEntry[]
  /** Modules that the snapshot's heap has. */
  readonly loaded: ReadonlySet<string>
}

/**
 * Modules that belong to command lines of Node.js that an executable does not have: the REPL, the debugger, the test
 * runner and so on. Who loads one all the same compiles it.
 */
const OF_COMMANDS =
  /^internal\/(main\/(?!worker_thread$)|test_runner\/|debugger\/|deps\/(acorn|v8)\/|repl|watch_mode\/|v8_prof)|^(repl|test)$|^test\//

/** A copy of `blob` without code that no start has use for; undefined where it holds no snapshot of a form that is known. */
export function withoutIdleCode(blob: Buffer): Buffer | undefined {
  return withEntries(blob, ({ entries, loaded }) =>
    entries.flatMap(({ module, bytes }) => (loaded.has(module) || OF_COMMANDS.test(module) ? [] : [bytes])),
  )
}

/** A copy of `blob` with these code caches, by module, in the place of those that it has; undefined as above. */
export function withCodeCaches(blob: Buffer, caches: ReadonlyMap<string, Buffer>): Buffer | undefined {
  return withEntries(blob, ({ entries }) =>
    entries.map(({ module, bytes, cache }) => {
      const other = caches.get(module)
      const name = bytes.subarray(0, bytes.length - cache.length - LENGTH_BYTES)
      return other === undefined ? bytes : Buffer.concat([name, lengthOf(other.length), other])
    }),
  )
}

/** A copy of `blob` whose code cache has the entries that `change` makes of its own; undefined where its form is not known. */
function withEntries(blob: Buffer, change: (codeCache: CodeCache) => readonly Buffer[]): Buffer | undefined {
  const snapshot = findSnapshot(blob)
  const codeCache = snapshot && findCodeCache(snapshot)
  if (snapshot === undefined || codeCache === undefined) {
    return undefined
  }
  const entries = change(codeCache)
  const changed = Buffer.concat([snapshot.subarray(0, codeCache.start), lengthOf(entries.length), ...entries])
  const at = snapshot.byteOffset - blob.byteOffset
  const rest = blob.subarray(at + snapshot.length)
  return Buffer.concat([blob.subarray(0, at - LENGTH_BYTES), lengthOf(changed.length), changed, rest])
}

/** The code cache in a snapshot, which is the rest of it; undefined where the snapshot is of no form that is known. */
export function findCodeCache(snapshot: Buffer): CodeCache | undefined {
  return REFERENCES.map((count) => readSnapshot(snapshot, count)).find((read) => read !== undefined)
}

/** Why that could not be left out, in one sentence: `version` is of the Node.js whose snapshot has an unknown form, if it has one. */
export function explainIdleCode(version: string | undefined): string {
  const why =
    version === undefined
      ? 'pkg did not put it into the executable as lambdabin expects'
      : `Node.js ${version} writes it in a form that lambdabin does not know`
  return `the startup snapshot keeps 2 MB of code that no start needs, and each start copies it, because ${why}; take the pinned Node.js, or report this`
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeBigUInt64LE(BigInt(length))
  return bytes
}

/** The part of the blob that is the snapshot; undefined where it has none. */
export function findSnapshot(blob: Buffer): Buffer | undefined {
  const at = blob.indexOf(SNAPSHOT_MAGIC)
  if (at < LENGTH_BYTES) {
    return undefined
  }
  const end = at + Number(blob.readBigUInt64LE(at - LENGTH_BYTES))
  return end > blob.length ? undefined : blob.subarray(at, end)
}

/** How many references the environment has to what is not in lists: in Node.js 22 and 24, in an earlier 26, and in 26.12. */
const REFERENCES = [9, 10, 11] as const

/** Undefined unless the snapshot is, to its very end, as is known here. */
function readSnapshot(snapshot: Buffer, references: number): CodeCache | undefined {
  try {
    const reader = new SnapshotReader(snapshot, SNAPSHOT_MAGIC.length)
    reader.skip(1) // Its type.
    for (const _ of ['version', 'architecture', 'platform']) {
      reader.text()
    }
    reader.skip(4) // Flags.
    reader.skip(reader.length32())
    reader.skipEnvironment(references)
    const loaded = new Set(reader.list(() => reader.text()))
    reader.skipReferences()
    reader.skipReferences()
    reader.skip(8) // The context.
    const start = reader.position
    const entries = reader.list(() => {
      const from = reader.position
      const module = reader.text()
      const length = reader.length()
      const start = reader.position
      reader.skip(length)
      const end = reader.position
      return { module, bytes: snapshot.subarray(from, end), cache: snapshot.subarray(start, end) }
    })
    return reader.position === snapshot.length ? { start, entries, loaded } : undefined
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined
    }
    throw error
  }
}

/** Throws a RangeError behind the end. */
class SnapshotReader {
  readonly #bytes: Buffer
  position: number

  constructor(bytes: Buffer, position: number) {
    this.#bytes = bytes
    this.position = position
  }

  skip(count: number): void {
    this.position += count
    if (this.position > this.#bytes.length) {
      throw new RangeError('the snapshot ends early')
    }
  }

  length(): number {
    const value = this.#bytes.readBigUInt64LE(this.position)
    this.skip(LENGTH_BYTES)
    return Number(value)
  }

  length32(): number {
    const value = this.#bytes.readUInt32LE(this.position)
    this.skip(4)
    return value
  }

  text(): string {
    const length = this.length()
    const from = this.position
    this.skip(length)
    return this.#bytes.toString('latin1', from, this.position)
  }

  list<T>(read: () => T): T[] {
    const count = this.length()
    const items: T[] = []
    while (items.length < count) {
      items.push(read())
    }
    return items
  }

  /** A list of references: a name, a number of 32 bits, and an index each. */
  skipReferences(): void {
    this.list(() => {
      this.text()
      this.skip(4 + 8)
    })
  }

  /** `IsolateDataSerializeInfo`, and `EnvSerializeInfo` without the realm, its last part. */
  skipEnvironment(references: number): void {
    this.list(() => this.skip(8))
    this.skipReferences()
    // Four of async_hooks, and a list of its resources; then those of ticks, immediates, timeouts, performance, exit,
    // streams and so on.
    this.skip(4 * 8)
    this.list(() => this.skip(8))
    this.skip(references * 8)
  }
}
