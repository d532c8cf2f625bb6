/** Where the code of a function comes from: a deployment package, or something that makes one anew when it changes. */

import type { PlatformError } from '../../runtime-api/function-error.ts'
import type { CodeDescription } from '../functions/function-configuration.ts'

export type PreparedCode = ReadyCode | { kind: 'failed'; error: PlatformError }

export interface ReadyCode {
  kind: 'ready'
  /** A folder with `bootstrap` in it. Another folder is another revision, with environments of its own. */
  taskRoot: string
  /** What the runtime needs besides, if anything: what `LAMBDA_RUNTIME_DIR` names. */
  runtimeFolder?: string | undefined
  /** What its layers hold, merged, where these do not come over the API. */
  layersFolder?: string | undefined
  /** Invocations at once in one environment, where it may have several. */
  maxConcurrency?: number | undefined
}

export interface FunctionCode {
  readonly description: CodeDescription
  /** The zip; undefined for code that does not come from one. */
  readonly zip: string | undefined
  /** Why UpdateFunctionCode is refused; undefined when it is not. */
  readonly fixedBecause?: string
  /** The code as it is now. Called before each invocation, so it must be quick when nothing has changed. Never rejects. */
  prepare(): PreparedCode | Promise<PreparedCode>
  /** No environment uses this task root any more, and `prepare` has returned another since. */
  retired?(taskRoot: string): Promise<void>
  /** Deletes what only this code needs, when no environment uses it any more. */
  remove(): Promise<void>
}
