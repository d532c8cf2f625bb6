/**
 * The error documents that Lambda itself hands to an invoker, when the function could not write one.
 *
 * Each is what `X-Amz-Function-Error: Unhandled` comes with. Source: the responses of the Lambda service.
 */

/** How a process ended: one of the two is set, as `child_process` reports them. */
export interface ProcessExit {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface PlatformError {
  errorType: string
  errorMessage: string
}

export function timeoutError(requestId: string, timeoutMs: number): PlatformError {
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: ${timeoutMessage(timeoutMs)}`,
  }
}

export function timeoutMessage(timeoutMs: number): string {
  return `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`
}

export function exitError(requestId: string, exit: ProcessExit): PlatformError {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: ${exitMessage(exit)}`,
  }
}

/** Lambda has a sentence of its own for a runtime that exits with status 0. */
export function exitMessage(exit: ProcessExit): string {
  if (exit.signal !== null) {
    return `Runtime exited with error: signal: ${signalName(exit.signal)}`
  }
  return exit.code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: exit status ${exit.code}`
}

/** `bootstrap` could not be executed at all; `reason` is the system's, such as `EACCES`. */
export function entrypointError(requestId: string, bootstrap: string, reason: string): PlatformError {
  return {
    errorType: 'Runtime.InvalidEntrypoint',
    errorMessage: `RequestId: ${requestId} Error: fork/exec ${bootstrap}: ${reason}`,
  }
}

export function responseTooLargeError(limit: number): PlatformError {
  return {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${limit} bytes).`,
  }
}

export function truncatedResponseError(requestId: string): PlatformError {
  return {
    errorType: 'Runtime.TruncatedResponse',
    errorMessage: `RequestId: ${requestId} Error: The runtime closed its connection before its response was complete`,
  }
}

// Lambda's own runtime manager is a Go program, and names signals as Go does.
const SIGNAL_NAMES: Partial<Record<NodeJS.Signals, string>> = {
  SIGABRT: 'aborted',
  SIGALRM: 'alarm clock',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGHUP: 'hangup',
  SIGILL: 'illegal instruction',
  SIGINT: 'interrupt',
  SIGKILL: 'killed',
  SIGPIPE: 'broken pipe',
  SIGQUIT: 'quit',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGTRAP: 'trace/breakpoint trap',
  SIGUSR1: 'user defined signal 1',
  SIGUSR2: 'user defined signal 2',
}

function signalName(signal: NodeJS.Signals): string {
  return SIGNAL_NAMES[signal] ?? signal
}
