/**
 * Shutdown hooks: Lambda sends SIGTERM before it ends an environment only to those that have an extension registered,
 * so the runtime registers one of its own, internal and for no events. Loaded by functions that have a hook.
 *
 * Source: AWS Lambda Developer Guide, "Lambda Extensions API": an internal extension may register for no events, and
 * tells with its first `event/next` that it is ready.
 */

import { ClientRequest, type IncomingMessage } from 'node:http'
import {
  EXTENSION_ID_HEADER,
  EXTENSION_NAME_HEADER,
  EXTENSION_NEXT_PATH,
  EXTENSION_REGISTER_PATH,
} from '../../runtime-api/contract.ts'
import { splitAddress } from '../connection/runtime-address.ts'
import { logRuntimeProblem } from '../log/log.ts'
import type { LifecycleHook } from './lifecycle-hooks.ts'

const NAME = 'lambdabin-shutdown'

/** Registers the extension. Resolves in any case: without it the function runs, and its hooks do not. */
export async function registerForShutdown(runtimeApi: string): Promise<void> {
  try {
    const headers = { [EXTENSION_NAME_HEADER]: NAME, 'content-type': 'application/json' }
    const registered = await send(runtimeApi, 'POST', EXTENSION_REGISTER_PATH, headers, '{"events":[]}')
    const id = registered.headers[EXTENSION_ID_HEADER]
    registered.resume()
    if (registered.statusCode !== 200 || typeof id !== 'string') {
      throw new Error(
        `answered ${registered.statusCode}${id === undefined ? ` without ${EXTENSION_ID_HEADER}` : ''}`,
      )
    }
    // Never answered, as the extension has no events: nothing waits for it, and it keeps nothing alive.
    send(runtimeApi, 'GET', EXTENSION_NEXT_PATH, { [EXTENSION_ID_HEADER]: id }, undefined, true).catch(
      () => {},
    )
  } catch (error) {
    logRuntimeProblem(
      `the shutdown hooks will not run: the extension could not register: ${(error as Error).message}`,
    )
  }
}

/** Runs the hooks, the last one first, each whatever the others do. */
export async function runShutdownHooks(hooks: readonly LifecycleHook[]): Promise<void> {
  for (const hook of hooks.toReversed()) {
    try {
      await hook()
    } catch (error) {
      console.error('A shutdown hook failed:', error)
    }
  }
}

function send(
  runtimeApi: string,
  method: 'GET' | 'POST',
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
  isUnref = false,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Not http.request, which tracing libraries patch: this is no request of the function's.
    const sent = new ClientRequest(
      { ...splitAddress(runtimeApi), path, method, headers, agent: false, maxHeaderSize: 1024 * 1024 },
      resolve,
    )
    if (isUnref) {
      sent.on('socket', (socket) => socket.unref())
    }
    sent.on('error', reject)
    sent.end(body)
  })
}
