/**
 * Many invocations at once on all CPUs: the main thread asks the Runtime API for invocations and answers them, and the threads of a
 * pool handle them. So whatever a handler does to its thread, the main thread can answer, and gives a busy thread nothing that an
 * idle one could do.
 *
 * This is the script `threads`: see `executable/threads.ts`.
 */

import type {
  ArrivedInvocation,
  InvocationSource,
  SharedLog,
  ThreadData,
  ThreadSide,
  ThreadsHost,
} from '../../executable/threads.ts'
import { JoinedThread } from './joined-thread.ts'
import { connectLogSocket } from './log-socket.ts'
import { threadCount } from './thread-count.ts'
import { ThreadPool } from './thread-pool.ts'

/** Of the function's memory, what the heaps of all threads may take, as in the managed runtime; and what each has at least, in MiB. */
const HEAP_SHARE = 0.9
const LEAST_HEAP = 32

/** Runs in the main thread, until the environment ends. */
export async function runThreads(host: ThreadsHost): Promise<void> {
  try {
    const log = await openLog(host)
    const threads = threadCount(host.maxConcurrency, host.wantedThreads)
    const pool = new ThreadPool({
      threads,
      launcher: host.launcher,
      // A thread may have all of them, while the others are blocked.
      concurrency: host.maxConcurrency,
      heapLimit: host.memory && Math.max(LEAST_HEAP, Math.floor((host.memory * HEAP_SHARE) / threads)),
      log,
      describeFailure: host.describeFailure,
      logProblem: host.logProblem,
      threadExited: (number) => unlock(log, number),
    })
    const failure = await pool.start()
    if (failure !== undefined) {
      await host.createSource().failInit(failure)
      host.endProcess(1)
    }
    await prepareShutdown(host, pool)
    const loops = Array.from({ length: host.maxConcurrency }, () => runLoop(host.createSource(), pool))
    await Promise.all(loops)
  } catch (error) {
    host.crash(error)
  }
}

/** SIGTERM comes to the main thread, and ends the process where nobody listens to it. */
async function prepareShutdown(host: ThreadsHost, pool: ThreadPool): Promise<void> {
  const { hasHooks, hasListeners } = pool.shutdown
  if (hasHooks || hasListeners) {
    host.onSigterm(() => void pool.shutDown().then(() => host.endProcess(0)))
  }
  if (hasHooks) {
    await host.registerForShutdown()
  }
}

/** Runs in each thread. */
export function joinThreads(data: ThreadData): ThreadSide {
  return new JoinedThread(data)
}

async function runLoop(source: InvocationSource, pool: ThreadPool): Promise<never> {
  for (;;) {
    const invocation = await source.next()
    await answer(source, invocation, pool)
  }
}

async function answer(
  source: InvocationSource,
  invocation: ArrivedInvocation,
  pool: ThreadPool,
): Promise<void> {
  const { requestId } = invocation
  const outcome = await pool.handle(invocation)
  if (outcome.kind === 'response') {
    await source.respond(requestId, outcome.body)
  } else if (outcome.kind === 'error') {
    await source.fail(requestId, outcome.document)
  }
}

async function openLog(host: ThreadsHost): Promise<SharedLog> {
  let lineDescriptor: number | undefined
  if (host.telemetrySocket !== undefined) {
    try {
      lineDescriptor = await connectLogSocket(host.telemetrySocket)
    } catch (error) {
      host.logProblem(
        `the logs go to stdout, since they cannot go to ${host.telemetrySocket}: ${(error as Error).message}`,
      )
    }
  }
  const lock = new Int32Array(new SharedArrayBuffer(4))
  const log = { lock, writer: 1, telemetryDescriptor: host.telemetryDescriptor, lineDescriptor }
  host.useLog(log)
  return log
}

/** In the place of a thread that has ended in the middle of a line. */
function unlock({ lock }: SharedLog, writer: number): void {
  if (Atomics.compareExchange(lock, 0, writer, 0) === writer) {
    Atomics.notify(lock, 0, 1)
  }
}
