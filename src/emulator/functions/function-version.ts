/** One version of a function, `$LATEST` or a number: its configuration and code, and the revision for its environments. */

import type { FunctionCode, ReadyCode } from '../code/function-code.ts'
import type { CodeDescription, FunctionConfiguration } from './function-configuration.ts'
import { type EnvironmentSettings, FunctionRevision, type RevisedFunction } from './function-revision.ts'

export const LATEST = '$LATEST'

export class FunctionVersion {
  readonly version: string
  /** Of `$LATEST` it changes. */
  configuration: FunctionConfiguration
  code: FunctionCode
  /** By tenant; the empty one is for all. */
  readonly #revisions = new Map<string, FunctionRevision>()

  constructor(version: string, configuration: FunctionConfiguration, code: FunctionCode) {
    this.version = version
    this.configuration = configuration
    this.code = code
  }

  get description(): CodeDescription {
    return this.code.description
  }

  get revisions(): FunctionRevision[] {
    return [...this.#revisions.values()]
  }

  /** Its environments are for no more invocations. */
  forgetRevisions(): FunctionRevision[] {
    const revisions = this.revisions
    this.#revisions.clear()
    return revisions
  }

  /** The revision for code that is ready, and the one that it replaces, which has to be retired. */
  revise(
    of: RevisedFunction,
    ready: ReadyCode,
    settings: EnvironmentSettings,
    tenantId = '',
  ): { revision: FunctionRevision; replaced?: FunctionRevision } {
    const current = this.#revisions.get(tenantId)
    // A new URL or another concurrency is no new revision.
    if (
      current?.taskRoot === ready.taskRoot &&
      current.configuration.revisionId === this.configuration.revisionId
    ) {
      return { revision: current }
    }
    const revision = new FunctionRevision(of, this, ready, settings)
    this.#revisions.set(tenantId, revision)
    return current === undefined ? { revision } : { revision, replaced: current }
  }
}
