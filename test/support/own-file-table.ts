/** Reads what the code that maps an executable's own file is told: `src/compiler/read-ahead/own-file-code.ts`. */

import assert from 'node:assert/strict'
import type { Architecture } from '../../src/compiler/elf/elf-file.ts'
import { ownFileCode } from '../../src/compiler/read-ahead/own-file-code.ts'
import type { PageRange } from '../../src/compiler/read-ahead/page-ranges.ts'

const HEAD_BYTES = 16

export interface ReadTable {
  /** Pages of the file. */
  readonly read: readonly PageRange[]
  /** Pages of the memory. */
  readonly map: readonly PageRange[]
  readonly firstMapped: number
}

export function readOwnFileTable(executable: Buffer, arch: Architecture): ReadTable {
  const code = ownFileCode(arch, { read: [], spare: [], map: [], firstMapped: 0 }).subarray(0, -HEAD_BYTES)
  const at = executable.indexOf(code)
  assert.notEqual(at, -1, 'there is no such code')
  const head = at + code.length
  const [reads = 0, parts = 0, maps = 0, firstMapped = 0] = [0, 4, 8, 12].map((field) =>
    executable.readUInt32LE(head + field),
  )
  // The upper half says how many of the reads small functions need.
  const spares = parts & 0xffff
  const entries = (from: number, count: number, most: number) =>
    Array.from({ length: count }, (_, index) => {
      const entry = executable.readUInt32LE(from + index * 4)
      return { start: entry >>> 8, count: entry & most }
    })
  const read = entries(head + HEAD_BYTES, reads, 255)
  return { read, map: entries(head + HEAD_BYTES + reads * 4 + spares * 8, maps, 127), firstMapped }
}
