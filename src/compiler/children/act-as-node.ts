/**
 * Has an executable be a Node.js as any for the processes that a function starts from it: see {@link ./node-code.ts}.
 */
import { type ElfFile, parseElf } from '../elf/elf-file.ts'
import { addEntryCode, lastSegmentOffset } from '../elf/entry-code.ts'
import type { GatheredBytes } from '../elf/gathered-bytes.ts'
import { readProgramHeaders, SEGMENT_FLAG, SEGMENT_TYPE } from '../elf/program-headers.ts'
import { type Fuse, nodeCode } from './node-code.ts'

/** Node.js's mark, and behind it that the byte has been changed: `node_sea.cc`, `POSTJECT_SENTINEL_FUSE`. */
const CHANGED_FUSE = Buffer.from('NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:1')

/** Pages are of 4 KiB, and on some arm64 kernels of 64. */
const PAGE_SIZES = [65_536, 4096]

const NOT_NODE =
  'processes that the function starts from its own executable (process.execPath: fork, cluster, spawn) are not Node.js but the function itself, since this Node.js does not mark an executable in the way that is known'

/**
 * An executable's bytes, changed. Where they cannot be, they are as they were, and `note` says in one sentence what that costs.
 * Throws an ElfFormatError, naming `fileName`.
 */
export function actAsNode(
  bytes: GatheredBytes,
  fileName: string,
): { bytes: GatheredBytes; note: string | undefined } {
  const elf = parseElf(bytes, fileName)
  const fuse = findFuse(bytes, fileName, elf)
  const changed =
    fuse &&
    addEntryCode(bytes, fileName, (address, entry) => nodeCode(elf.architecture, address, entry, fuse))
  return changed === undefined ? { bytes, note: NOT_NODE } : { bytes: changed, note: undefined }
}

/** Undefined unless there is one, in a segment that is not written to. */
function findFuse(bytes: GatheredBytes, fileName: string, elf: ElfFile): Fuse | undefined {
  // What pkg has added holds the function's text, which may hold anything.
  const ofNode = bytes.part(0, lastSegmentOffset(bytes, fileName))
  const offset = ofNode.indexOf(CHANGED_FUSE)
  if (offset === -1 || ofNode.indexOf(CHANGED_FUSE, offset + 1) !== -1) {
    return undefined
  }
  const at = offset + CHANGED_FUSE.length - 1
  const segment = readProgramHeaders(bytes, elf).find(
    (header) =>
      header.type === SEGMENT_TYPE.load && at >= header.offset && at < header.offset + header.fileSize,
  )
  if (segment === undefined || (segment.flags & SEGMENT_FLAG.writable) !== 0) {
    return undefined
  }
  // Where read-only data lie beside code, they may be executed, too.
  const protection = (segment.flags & SEGMENT_FLAG.executable) === 0 ? 1 : 5
  const address = segment.address + at - segment.offset
  const pages = PAGE_SIZES.map((size) => ({ address: address - (address % size), bytes: size })).find(
    (page) =>
      page.address >= segment.address && page.address + page.bytes <= segment.address + segment.fileSize,
  )
  return pages && { address, pages, protection }
}
