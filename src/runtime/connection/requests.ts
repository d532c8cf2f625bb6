/** One pure builder for each call of the Runtime API that the runtime makes. */

import {
  ERROR_TYPE_HEADER,
  type ErrorDocument,
  errorPath,
  INIT_ERROR_PATH,
  NEXT_PATH,
  RESTORE_ERROR_PATH,
  RESTORE_NEXT_PATH,
  responsePath,
  XRAY_ERROR_CAUSE_HEADER,
} from '../../runtime-api/contract.ts'
import { errorTypeHeader } from '../error-response.ts'
import { xrayErrorCause } from './xray-cause.ts'

export interface RuntimeRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Names and values in turn, as undici takes them without another copy. */
  readonly headers: string[]
  readonly body: string | null
}

const JSON_BODY = ['content-type', 'application/json']

const NEXT: RuntimeRequest = { method: 'GET', path: NEXT_PATH, headers: [], body: null }

export function nextRequest(): RuntimeRequest {
  return NEXT
}

/** `body` is the result as JSON. */
export function responseRequest(requestId: string, body: string): RuntimeRequest {
  return {
    method: 'POST',
    path: responsePath(requestId),
    headers: JSON_BODY,
    body,
  }
}

export function errorRequest(requestId: string, document: ErrorDocument): RuntimeRequest {
  return failure(errorPath(requestId), document)
}

export function initErrorRequest(document: ErrorDocument): RuntimeRequest {
  return failure(INIT_ERROR_PATH, document)
}

/** Says that the process may be frozen into a snapshot now; it is answered once that is restored. */
export function restoreNextRequest(): RuntimeRequest {
  return { method: 'GET', path: RESTORE_NEXT_PATH, headers: [], body: null }
}

export function restoreErrorRequest(document: ErrorDocument): RuntimeRequest {
  return failure(RESTORE_ERROR_PATH, document)
}

function failure(path: string, document: ErrorDocument): RuntimeRequest {
  const headers = [...JSON_BODY, ERROR_TYPE_HEADER, errorTypeHeader(document.errorType)]
  const cause = xrayErrorCause(document)
  if (cause !== undefined) {
    headers.push(XRAY_ERROR_CAUSE_HEADER, cause)
  }
  return { method: 'POST', path, headers, body: JSON.stringify(document) }
}
