/** What runs between the function's module and its first invocation: the hooks that it has registered, and a snapshot. */

import type { ThreadSide } from '../../executable/threads.ts'
import type { RuntimeClient } from '../connection/runtime-client.ts'
import { isSnapStart } from '../environment.ts'
import { errorFacts } from '../error-response.ts'
import { AfterRestoreError, BeforeSnapshotError } from '../errors.ts'
import { logRuntimeProblem } from '../log/log.ts'
import type { LifecycleHook, LifecycleHooks } from './lifecycle-hooks.ts'

export interface StartHooksOptions {
  readonly hooks: LifecycleHooks
  readonly runtimeApi: string
  readonly client: RuntimeClient
  /** Whether the function's module was evaluated when the executable was built. */
  readonly isInitialisedAtBuild: boolean
  /** Primes the AWS SDK; undefined where there is nothing of it. Resolves in any case. */
  readonly primeSdk: (() => Promise<void>) | undefined
  /** Rehearses the handler; undefined where that is not to be. Resolves in any case. */
  readonly rehearse: (() => Promise<void>) | undefined
  /** Settles when all connections are open that are to be; undefined where there are none. Never rejects. */
  readonly connecting: Promise<void> | undefined
  /** To be called once the shutdown hooks have run: the process may end. */
  readonly onShutdown: () => void
  /** Set in a thread that handles invocations: the process is the main thread's to end. */
  readonly thread: ThreadSide | undefined
}

/** Why there are no invocations: the init phase failed, or an environment could not be restored from its snapshot. */
export interface StartFailure {
  readonly phase: 'init' | 'restore'
  readonly error: unknown
}

/** Whether there is anything to do: most functions have no hook, and then nothing is waited for. */
export function needsStartHooks(options: StartHooksOptions): boolean {
  const { hooks, isInitialisedAtBuild, primeSdk, rehearse, connecting } = options
  return (
    hooks.init.length > 0 ||
    hooks.shutdown.length > 0 ||
    primeSdk !== undefined ||
    rehearse !== undefined ||
    connecting !== undefined ||
    (isInitialisedAtBuild && hooks.afterRestore.length > 0) ||
    isSnapStart()
  )
}

/** Resolves to what failed; undefined when there may be invocations. */
export async function runStartHooks(options: StartHooksOptions): Promise<StartFailure | undefined> {
  const { hooks, client, isInitialisedAtBuild } = options
  try {
    await runAll(hooks.init)
  } catch (error) {
    return { phase: 'init', error }
  }
  if (hooks.shutdown.length > 0) {
    await prepareShutdown(options)
  }
  if (isInitialisedAtBuild) {
    const error = await afterRestore(hooks)
    if (error) {
      return { phase: 'init', error }
    }
  }
  await options.primeSdk?.()
  await options.rehearse?.()
  await options.connecting
  if (!isSnapStart()) {
    return undefined
  }
  try {
    await runAll(hooks.beforeSnapshot.toReversed())
  } catch (cause) {
    const { errorMessage } = errorFacts(cause)
    const error = new BeforeSnapshotError(`A hook of onBeforeSnapshot failed: ${errorMessage}`, { cause })
    return { phase: 'init', error }
  }
  const error = await afterRestore(hooks, () => client.restored())
  return error && { phase: 'restore', error }
}

async function prepareShutdown({ hooks, runtimeApi, onShutdown, thread }: StartHooksOptions): Promise<void> {
  const { registerForShutdown, runShutdownHooks } = await import('./shutdown.ts')
  if (thread) {
    thread.onShutdown(() => runShutdownHooks(hooks.shutdown))
    return
  }
  try {
    process.once('SIGTERM', () => void runShutdownHooks(hooks.shutdown).then(onShutdown))
  } catch (error) {
    // The function has frozen `process`.
    logRuntimeProblem(`the shutdown hooks will not run: ${errorFacts(error).errorMessage}`)
    return
  }
  await registerForShutdown(runtimeApi)
}

async function afterRestore(
  hooks: LifecycleHooks,
  restored: () => Promise<void> = async () => {},
): Promise<AfterRestoreError | undefined> {
  try {
    await restored()
    await runAll(hooks.afterRestore)
    return undefined
  } catch (cause) {
    return new AfterRestoreError(`A hook of onAfterRestore failed: ${errorFacts(cause).errorMessage}`, {
      cause,
    })
  }
}

/** One after the other, those with them that a hook registers. */
async function runAll(hooks: readonly LifecycleHook[]): Promise<void> {
  for (const hook of hooks) {
    await hook()
  }
}
