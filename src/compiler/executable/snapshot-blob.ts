/**
 * Makes the blob of an executable with a startup snapshot smaller, before it is put into the executable.
 *
 * Beside V8's heap, Node.js writes into each such snapshot a code cache of all of its own modules, 4 MB, and copies it
 * at every start. But a module that the snapshot's heap has already is never compiled again, other than in a Worker, and
 * these are more than half of it: without them, a function starts 2 ms earlier.
 *
 * The blob is Node.js's `SeaResource`: the main part, here the snapshot, is preceded by its length, and the assets
 * follow. The snapshot is its `SnapshotData`: magic bytes; type, version, architecture and platform; flags, of 32 bits;
 * V8's part; what the isolate and the environment consist of, with the names of the modules that are loaded; and last, for
 * each module of the code cache, its name and its code. A length is of 64 bits, that of V8's part of 32; all is
 * little-endian. The source of this is Node.js's `node_sea.cc` and `node_snapshotable.cc`.
 */

const SNAPSHOT_MAGIC = Buffer.from([0x19, 0xda, 0x43, 0x01])
const LENGTH_BYTES = 8

interface CodeCache {
  /** Where, in the snapshot, the number of its entries is; they are the rest of it. */
  readonly start: number
  readonly entries: readonly { readonly module: string; readonly bytes: Buffer }[]
  /** Modules that the snapshot's heap has. */
  readonly loaded: ReadonlySet<string>
}

/**
 * Modules that belong to command lines of Node.js that an executable does not have: the REPL, the debugger, the test
 * runner and so on. Who loads one all the same compiles it.
 */
const OF_COMMANDS =
  /^internal\/(main\/(?!worker_thread$)|test_runner\/|debugger\/|deps\/(acorn|v8)\/|repl|watch_mode\/|v8_prof)|^(repl|test)$|^test\//

/** A copy of `blob` without code that no start has use for; `blob` itself where its form is not known. */
export function withoutIdleCode(blob: Buffer): Buffer {
  const snapshot = findSnapshot(blob)
  if (snapshot === undefined) {
    return blob
  }
  const codeCache = readSnapshot(snapshot, 9) ?? readSnapshot(snapshot, 10)
  if (codeCache === undefined) {
    return blob
  }
  const kept = codeCache.entries.filter(
    ({ module }) => !codeCache.loaded.has(module) && !OF_COMMANDS.test(module),
  )
  const smaller = Buffer.concat([
    snapshot.subarray(0, codeCache.start),
    lengthOf(kept.length),
    ...kept.map(({ bytes }) => bytes),
  ])
  const at = snapshot.byteOffset - blob.byteOffset
  const rest = blob.subarray(at + snapshot.length)
  return Buffer.concat([blob.subarray(0, at - LENGTH_BYTES), lengthOf(smaller.length), smaller, rest])
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeBigUInt64LE(BigInt(length))
  return bytes
}

/** The part of the blob that is the snapshot. */
function findSnapshot(blob: Buffer): Buffer | undefined {
  const at = blob.indexOf(SNAPSHOT_MAGIC)
  if (at < LENGTH_BYTES) {
    return undefined
  }
  const end = at + Number(blob.readBigUInt64LE(at - LENGTH_BYTES))
  return end > blob.length ? undefined : blob.subarray(at, end)
}

/**
 * Undefined unless the snapshot is, to its very end, as is known here. `references` is how many the environment has to
 * what is not in lists: 9 in Node.js 22 and 24, and 10 in Node.js 26.
 */
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
      reader.skip(reader.length())
      return { module, bytes: snapshot.subarray(from, reader.position) }
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
