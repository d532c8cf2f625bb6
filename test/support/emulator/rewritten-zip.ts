/** Zips that no zip program would write: the central directory is changed in place. */

import { readFileSync, writeFileSync } from 'node:fs'

interface Changes {
  /** Of the same length as the name there was. */
  name?: string
  generalPurposeBitFlag?: number
  crc32?: number
  uncompressedSize?: number
  externalFileAttributes?: number
}

const SIGNATURE = Buffer.from('PK\x01\x02', 'latin1')
const NAME_OFFSET = 46

/** Changes what the central directory says of the entry `name`. */
export function rewriteZip(path: string, name: string, changes: Changes): void {
  const bytes = readFileSync(path)
  const header = findHeader(bytes, name)
  if (changes.generalPurposeBitFlag !== undefined) {
    bytes.writeUInt16LE(changes.generalPurposeBitFlag, header + 8)
  }
  if (changes.crc32 !== undefined) {
    bytes.writeUInt32LE(changes.crc32, header + 16)
  }
  if (changes.uncompressedSize !== undefined) {
    bytes.writeUInt32LE(changes.uncompressedSize, header + 24)
  }
  if (changes.externalFileAttributes !== undefined) {
    bytes.writeUInt32LE(changes.externalFileAttributes, header + 38)
  }
  if (changes.name !== undefined) {
    bytes.write(changes.name, header + NAME_OFFSET)
  }
  writeFileSync(path, bytes)
}

function findHeader(bytes: Buffer, name: string): number {
  for (let at = bytes.indexOf(SIGNATURE); at >= 0; at = bytes.indexOf(SIGNATURE, at + 1)) {
    const length = bytes.readUInt16LE(at + 28)
    if (bytes.toString('utf8', at + NAME_OFFSET, at + NAME_OFFSET + length) === name) {
      return at
    }
  }
  throw new Error(`the zip has no entry ${name}`)
}
