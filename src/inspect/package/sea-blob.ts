/**
 * Reads the SEA blob of an executable: what `executable/format.ts` tells, with where in the file each part is.
 *
 * Node.js releases differ in what stands between the flags and the main script's path (nothing up to 22, where NODE_OPTIONS
 * come from since 24). Which form a blob has shows by its end: the right one comes out even with the note's length.
 */
import type { ElfFile } from '../../compiler/elf/elf-file.ts'
import { FILLER } from '../../compiler/executable/sea-blob.ts'

/** Bytes `start` to `end` of the executable. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface SeaBlob extends Span {
  readonly mainPath: string
  /** The main script, or the startup snapshot in its place. */
  readonly main: Span
  readonly isSnapshot: boolean
  readonly assets: ReadonlyMap<string, Span>
}

const NOTE_SEGMENT = 4
const NOTE_NAME = 'NODE_SEA_BLOB\0'
const NOTE_HEADER_BYTES = 12
const MAGIC = 0x0143da20
const FLAG = { snapshot: 2, codeCache: 4, assets: 8, execArgv: 16 } as const
/** Bytes between the flags and the main script's path. */
const FORMS = [1, 0, 2] as const

/** Undefined where there is none, or one of a form that is not known here. */
export function readSeaBlob(bytes: Buffer, elf: ElfFile): SeaBlob | undefined {
  const notes = elf.segments.filter(({ type }) => type === NOTE_SEGMENT)
  for (const { offset, fileSize } of notes) {
    const blob = findNote(bytes, offset, Math.min(offset + fileSize, bytes.length))
    if (blob !== undefined && blob.end - blob.start > 8 && bytes.readUInt32LE(blob.start) === MAGIC) {
      return FORMS.map((extra) => readBlob(bytes, blob, extra)).find((read) => read !== undefined)
    }
  }
  return undefined
}

/** Notes are padded to four bytes: System V ABI, "Note Section". */
function findNote(bytes: Buffer, from: number, end: number): Span | undefined {
  for (let at = from; at + NOTE_HEADER_BYTES <= end; ) {
    const nameBytes = bytes.readUInt32LE(at)
    const contentBytes = bytes.readUInt32LE(at + 4)
    const name = at + NOTE_HEADER_BYTES
    const start = name + padded(nameBytes)
    if (start + contentBytes > bytes.length) {
      return undefined
    }
    if (bytes.toString('latin1', name, name + nameBytes) === NOTE_NAME) {
      return { start, end: start + contentBytes }
    }
    at = start + padded(contentBytes)
  }
  return undefined
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}

function readBlob(bytes: Buffer, { start, end }: Span, extra: number): SeaBlob | undefined {
  const reader = new BlobReader(bytes, start + 4, end)
  try {
    const flags = reader.number32()
    reader.skip(extra)
    const path = reader.text()
    const main = reader.span()
    if (flags & FLAG.codeCache) {
      reader.span()
    }
    const assets = new Map<string, Span>()
    const count = flags & FLAG.assets ? reader.number64() : 0
    for (let index = 0; index < count; index++) {
      const name = reader.text()
      const content = reader.span()
      if (name !== FILLER) {
        assets.set(name, content)
      }
    }
    const options = flags & FLAG.execArgv ? reader.number64() : 0
    for (let index = 0; index < options; index++) {
      reader.span()
    }
    const isSnapshot = (flags & FLAG.snapshot) !== 0
    return reader.position === end ? { start, end, mainPath: path, main, isSnapshot, assets } : undefined
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined
    }
    throw error
  }
}

/** Throws a RangeError behind the end. */
class BlobReader {
  position: number
  readonly #bytes: Buffer
  readonly #end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes
    this.position = start
    this.#end = end
  }

  skip(count: number): void {
    if (!(count >= 0 && this.position + count <= this.#end)) {
      throw new RangeError('the blob ends early')
    }
    this.position += count
  }

  number32(): number {
    this.skip(4)
    return this.#bytes.readUInt32LE(this.position - 4)
  }

  number64(): number {
    this.skip(8)
    return Number(this.#bytes.readBigUInt64LE(this.position - 8))
  }

  span(): Span {
    const length = this.number64()
    this.skip(length)
    return { start: this.position - length, end: this.position }
  }

  text(): string {
    const { start, end } = this.span()
    return this.#bytes.toString('utf8', start, end)
  }
}
