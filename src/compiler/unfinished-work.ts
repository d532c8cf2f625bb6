/** What a build that is ended before its time leaves behind: folders half full, processes under way. */

const undoing = new Set<() => void>()

/**
 * Has `undo`, which must be synchronous, called when builds are abandoned before the function that this
 * returns is called.
 */
export function onAbandon(undo: () => void): () => void {
  undoing.add(undo)
  return () => undoing.delete(undo)
}

/**
 * Undoes all that builds of this process have not finished, the latest first: processes before the folders
 * that they write to.
 */
export function abandonBuilds(): void {
  for (const undo of [...undoing].reverse()) {
    undo()
  }
  undoing.clear()
}
