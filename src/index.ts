/** What a function imports from lambdabin: the types of the handler contract, and the hooks of an environment's life. */

import { type LifecycleHook, lifecycleHooks } from './runtime/lifecycle/lifecycle-hooks.ts'

export type * from './runtime/handler-contract.ts'
export type { LifecycleHook }

/**
 * Runs `hook` in the init phase, after the module has been evaluated and before the first invocation, which waits for it: for what
 * the first invocation would do otherwise, while there is a whole CPU. Hooks run in the order in which they were registered, one
 * after the other. What one throws is an error of the init phase. With `--init build` they run on Lambda all the same.
 */
export function onInit(hook: LifecycleHook): void {
  lifecycleHooks().init.push(hook)
}

/**
 * Runs `hook` before Lambda ends the execution environment: to close connections, or flush what is buffered. Register
 * it while the module loads. Lambda gives all hooks together about 300 ms; they run in reverse order.
 */
export function onShutdown(hook: LifecycleHook): void {
  lifecycleHooks().shutdown.push(hook)
}

/** With SnapStart: runs `hook` after init, before the snapshot is taken. Hooks run in reverse order. */
export function onBeforeSnapshot(hook: LifecycleHook): void {
  lifecycleHooks().beforeSnapshot.push(hook)
}

/** With SnapStart: runs `hook` in each environment that is restored from the snapshot, before its first invocation. */
export function onAfterRestore(hook: LifecycleHook): void {
  lifecycleHooks().afterRestore.push(hook)
}
