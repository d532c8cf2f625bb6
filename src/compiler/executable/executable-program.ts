/** What an executable is made of besides Node.js, and what that is made of. */

import type { Responder } from '../../stubs/responder.ts'
import type { StubbedRequest } from '../../stubs/stubbed-requests.ts'
import type { BaseNode } from '../base-node/base-node.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import type { InitFailure } from './init-failure.ts'
import type { ExecutableParts } from './run-pkg.ts'

/** What the build knows of a function before there is an executable. */
export interface ProgramSource {
  /** Where the function comes from, for messages. */
  readonly entry: string
  readonly name: string
  readonly bundle: FunctionBundle
  readonly runtime: RuntimeBundle
  readonly base: BaseNode
  readonly init: {
    /** Paths of JSON files, each an event that the function is to be prepared for. */
    readonly events: readonly string[]
    readonly stub?: { readonly stubs: readonly StubbedRequest[] } | undefined
    /** Whether the handler is called with them in the init phase, too. */
    readonly isRehearsed?: boolean | undefined
    /** Hosts to connect to in the init phase; `found` stands for those that the function calls in its run. */
    readonly connect?: readonly string[]
  }
  /** Environment variables of the function, for when it is run. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** What answers the requests that the function makes of others when it is run. */
  readonly responder?: Responder | undefined
  /** The folder with what is shipped beside the executable. */
  readonly taskRoot: string
  /** A folder that is not there yet; it is needed until the executable is made. */
  readonly folder: string
}

export interface ExecutableProgram extends ExecutableParts {
  /** Those of the assets that no start reads. */
  readonly cold: readonly Buffer[]
  /** Environment variables that the function read as it was initialised at build time. */
  readonly environmentRead: readonly string[]
  /** What makes the executable start slower than it might, in one sentence each. */
  readonly notes: readonly string[]
  /** Requests that the function made and that nothing answered, each as a file of stubs would have it. */
  readonly unanswered?: readonly string[]
  /** Hosts that the function called over HTTPS in its run; undefined where nothing answered it. */
  readonly foundHosts?: readonly string[]
  /** The handler settings that find a function, where only running it tells: of a CommonJS entry. */
  readonly handlers?: readonly string[] | undefined
  /** That none of its exports is a handler by itself, with what to do; undefined where one is. */
  readonly noHandler?: string | undefined
  /** Set when the function did not initialise in the build. */
  readonly initFailure?: InitFailure | undefined
}
