/** Why a runtime failed, in Lambda's words. */

import { type FunctionError, platformFunctionError } from '../../runtime-api/exchange.ts'
import type { ExtensionFailure } from '../../runtime-api/extensions.ts'
import {
  entrypointError,
  exitError,
  exitMessage,
  type PlatformError,
  timeoutError,
  timeoutMessage,
} from '../../runtime-api/function-error.ts'
import type { ProcessEnd } from './runtime-process.ts'

export interface RuntimeFailure {
  status: 'timeout' | 'error'
  /** It depends on the invocation that is told of it. */
  error: (requestId: string) => FunctionError
  /** What Lambda writes into the log. */
  message?: string
}

export function timeoutFailure(timeoutMs: number): RuntimeFailure {
  return {
    status: 'timeout',
    message: timeoutMessage(timeoutMs),
    error: (requestId) => platformFunctionError(timeoutError(requestId, timeoutMs)),
  }
}

/** The process ended, or never ran. `bootstrap` is its path. */
export function endFailure(end: ProcessEnd, bootstrap: string): RuntimeFailure {
  return end.kind === 'exited'
    ? failure((requestId) => exitError(requestId, end.exit), exitMessage(end.exit))
    : failure(
        (requestId) => entrypointError(requestId, bootstrap, end.error.code ?? end.error.message),
        `${bootstrap} cannot be executed: ${end.error.message}`,
      )
}

/** What the runtime said itself. */
export function initFailure(error: FunctionError): RuntimeFailure {
  return { status: 'error', error: () => error }
}

export function extensionFailure({ name, errorType }: ExtensionFailure): RuntimeFailure {
  const message = `extension ${name}: ${errorType}`
  return failure(
    (requestId) => ({ errorType, errorMessage: `RequestId: ${requestId} Error: ${message}` }),
    message,
  )
}

/** For the log, with its line breaks. */
export function failureLines({ status, message, error }: RuntimeFailure, requestId: string): string {
  if (status === 'timeout') {
    return `${new Date().toISOString()} ${requestId} ${message}\n\n`
  }
  return message === undefined
    ? ''
    : `RequestId: ${requestId} Error: ${message}\n${error(requestId).errorType}\n`
}

function failure(error: (requestId: string) => PlatformError, message: string): RuntimeFailure {
  return { status: 'error', error: (requestId) => platformFunctionError(error(requestId)), message }
}
