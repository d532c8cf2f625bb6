/**
 * Work that is not finished: what a build that is ended before its time leaves behind, folders half full and processes under way; and
 * what never ends, because a promise that it waits for is never settled.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import process from 'node:process'
import { setImmediate } from 'node:timers'

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

/** As {@link onAbandon}, for what others may wait for, too: `undo` is called when all in this process is abandoned. */
export function onEnd(undo: () => void): () => void {
  return current.exit(() => onAbandon(undo))
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

/** As {@link abandonable}, for work that would go on for a while with what it has in memory: rejects with the signal's reason at once. */
export async function endedAtOnce<Result>(
  signal: AbortSignal | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const end = () => reject(signal?.reason)
  const result = abandonable(signal, work)
  signal?.addEventListener('abort', end)
  try {
    return await Promise.race([result, aborted])
  } finally {
    signal?.removeEventListener('abort', end)
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

/** What fails those that are waited for, the latest last. */
const awaited = new Set<() => void>()

/**
 * What `work` comes to. Rejects with what `explain` makes when nothing is left in this process that could bring it about: Node.js
 * ends then, in silence and with success.
 */
export async function unlessNeverEnding<Result>(
  work: Result | PromiseLike<Result>,
  explain: () => Error,
): Promise<Result> {
  let fail = () => {}
  const neverEnds = new Promise<never>((_, reject) => {
    fail = () => reject(explain())
  })
  if (awaited.size === 0) {
    process.on('beforeExit', failLatest)
  }
  awaited.add(fail)
  try {
    return await Promise.race([work, neverEnds])
  } finally {
    awaited.delete(fail)
    if (awaited.size === 0) {
      process.off('beforeExit', failLatest)
    }
  }
}

/** The latest is the innermost, and knows best; if that leaves nothing to do either, the next one is asked. */
function failLatest(): void {
  const latest = [...awaited].at(-1)
  if (latest !== undefined) {
    // Which keeps Node.js from ending.
    setImmediate(latest)
  }
}
