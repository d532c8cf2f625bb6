/** What a build that is ended before its time leaves behind: folders half full, processes under way. */
import { AsyncLocalStorage } from 'node:async_hooks'

/** Those of everything that is under way in this process. */
const all = new Set<() => void>()
const current = new AsyncLocalStorage<Set<() => void>>()

/**
 * Has `undo`, which must be synchronous, called when the work that this is a part of is abandoned before the function that
 * this returns is called.
 */
export function onAbandon(undo: () => void): () => void {
  const own = current.getStore()
  all.add(undo)
  own?.add(undo)
  return () => {
    all.delete(undo)
    own?.delete(undo)
  }
}

/** Runs `work`, and undoes what it has not finished, and nothing else, when `signal` tells so. Rejects as `work` does. */
export async function abandonable<Result>(
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const own = new Set<() => void>()
  const abandon = () => undo(own)
  signal?.addEventListener('abort', abandon)
  try {
    return await current.run(own, work)
  } finally {
    signal?.removeEventListener('abort', abandon)
  }
}

/** Undoes all that is unfinished in this process. */
export function abandonAll(): void {
  undo(all)
}

/** The latest first: processes before the folders that they write to. */
function undo(undoing: Set<() => void>): void {
  for (const each of [...undoing].reverse()) {
    undoing.delete(each)
    all.delete(each)
    each()
  }
}
