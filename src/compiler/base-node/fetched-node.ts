/** The pinned Node.js, as the commands fetch it: what is half fetched goes when they end, or when a later one starts. */
import { dirname } from 'node:path'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { deleteAbandoned, ownFolder } from '../abandoned-folders.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { onEnd } from '../unfinished-work.ts'

export const FETCH_PREFIX = '.fetch-'
/** After which a folder that does not say whose it is cannot be in use: fetching and unpacking may take ten minutes each. */
export const LONGEST_FETCH_MS = 1_800_000

/** Its path. `onNotice` is told, before it is fetched. Rejects with a PinnedNodeError. */
export function findBaseNode(arch: Architecture, onNotice: (message: string) => void): Promise<string> {
  return findPinnedNode(arch, onNotice, ({ folder, undo }) => {
    deleteAbandoned(dirname(folder), FETCH_PREFIX, LONGEST_FETCH_MS)
    ownFolder(folder)
    return onEnd(undo)
  })
}
