/**
 * The hooks that a function registers with `onInit`, `onShutdown`, `onBeforeSnapshot` and `onAfterRestore` of lambdabin.
 *
 * The function is bundled apart from the runtime, so the two meet in the registry of global symbols.
 */

export type LifecycleHook = () => void | Promise<void>

export interface LifecycleHooks {
  init: LifecycleHook[]
  shutdown: LifecycleHook[]
  beforeSnapshot: LifecycleHook[]
  afterRestore: LifecycleHook[]
}

const REGISTRY = Symbol.for('lambdabin.lifecycle-hooks')

/** The hooks registered so far; made on first use. */
export function lifecycleHooks(): LifecycleHooks {
  const holder = globalThis as { [REGISTRY]?: LifecycleHooks }
  holder[REGISTRY] ??= { init: [], shutdown: [], beforeSnapshot: [], afterRestore: [] }
  return holder[REGISTRY]
}
