/**
 * What the runtime offers to the threads of an environment that has several invocations at once: see `executable/threads.ts`. This is
 * in the runtime's script; the rest of this folder, but for what of it is types, is in the script `threads`.
 */

import type { Program } from '../../executable/program.ts'
import type { SharedLog } from '../../executable/threads.ts'
import { RuntimeClient } from '../connection/runtime-client.ts'
import {
  type LogSettings,
  readMaxConcurrency,
  readMemory,
  readTelemetrySocket,
  readThreadCount,
} from '../environment.ts'
import { toErrorDocument } from '../error-response.ts'
import { scopeOf } from '../invocation.ts'
import { invocationScope } from '../invocation-scope.ts'
import { installConsole, logFailure, logRuntimeProblem, logText } from '../log/log.ts'
import { shareDescriptors } from '../log/log-sink.ts'
import { installStandardStreams } from '../log/standard-streams.ts'
import { TextLines } from '../log/text-lines.ts'

/**
 * Starts the threads, and asks for invocations for them, where there may be several at once and the executable has what that takes.
 * Whether it did. `settings`: the process's.
 */
export function startThreads(
  program: Program,
  runtimeApi: string,
  settings: LogSettings,
  endProcess: (code: number) => never,
): boolean {
  const maxConcurrency = readMaxConcurrency()
  const threads = maxConcurrency === undefined ? undefined : program.loadThreads?.()
  if (maxConcurrency === undefined || threads === undefined) {
    return false
  }
  void threads.module.runThreads({
    maxConcurrency,
    launcher: threads.launcher,
    wantedThreads: readThreadCount(),
    memory: readMemory(),
    telemetryDescriptor: settings.telemetryDescriptor,
    telemetrySocket: readTelemetrySocket(),
    createSource: () => new RuntimeClient(runtimeApi),
    useLog: (log) => useSharedLog(settings, log),
    logProblem: logRuntimeProblem,
    describeFailure({ requestId, headers }, error) {
      invocationScope.run(scopeOf(requestId, headers), () => logFailure('Invoke Error', error))
      return toErrorDocument(error)
    },
    onSigterm(listener) {
      process.once('SIGTERM', listener)
    },
    async registerForShutdown() {
      const { registerForShutdown } = await import('../lifecycle/shutdown.ts')
      await registerForShutdown(runtimeApi)
    },
    crash(error) {
      logFailure('Uncaught Exception', error)
      endProcess(1)
    },
    endProcess,
  })
  return true
}

/** `shared`: what all threads of the process log by; undefined where there is one thread. */
export function installLog(settings: LogSettings, shared: SharedLog | undefined): void {
  if (shared === undefined) {
    installConsole(settings)
    installStandardStreams()
  } else {
    useSharedLog(settings, shared)
  }
}

/** Has this thread log as all others of the process do. */
function useSharedLog(settings: LogSettings, log: SharedLog): void {
  const { telemetryDescriptor, lineDescriptor } = log
  shareDescriptors(log)
  installConsole({ ...settings, telemetryDescriptor, lineDescriptor })
  const lines = new TextLines((descriptor, line) => logText(descriptor === 1 ? 'INFO' : 'ERROR', line))
  installStandardStreams({
    isMainThread: log.writer === 1,
    ...(lineDescriptor !== undefined && {
      write: (descriptor: number, text: string) => lines.write(descriptor, text),
    }),
  })
}
