/** One function: its configuration and code as they are now, and the revision that its environments are made for. */

import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { FunctionCode, ReadyCode } from '../code/function-code.ts'
import type { EnvironmentOwner } from '../environments/environment-pool.ts'
import { ExecutionEnvironment } from '../environments/execution-environment.ts'
import type { CodeDescription, FunctionConfiguration } from './function-configuration.ts'

export interface LocalFunctionOptions {
  configuration: FunctionConfiguration
  code: FunctionCode
  /** Whether it outlives the emulator. */
  isPersistent: boolean
}

/** What environments need to know besides the function. */
export interface EnvironmentSettings {
  region: string
  workFolder: string
  /** What functions see of this machine. */
  sandbox: Sandbox
  /** Off where somebody may sit at a breakpoint. */
  enforcesTimeouts: boolean
  /** Takes what environments of a function log; called once for each environment. */
  openLog: (functionName: string) => (chunk: Uint8Array | string) => void
}

/** Fifteen minutes: the most that Lambda gives a function. */
const LONGEST_TIMEOUT_MS = 900_000

export class LocalFunction {
  readonly isPersistent: boolean
  configuration: FunctionConfiguration
  code: FunctionCode
  #revision: FunctionRevision | undefined

  constructor({ configuration, code, isPersistent }: LocalFunctionOptions) {
    this.configuration = configuration
    this.code = code
    this.isPersistent = isPersistent
  }

  get name(): string {
    return this.configuration.functionName
  }

  get description(): CodeDescription {
    return this.code.description
  }

  /** Its environments are for no more invocations; undefined when it has had none. */
  forgetRevision(): FunctionRevision | undefined {
    const revision = this.#revision
    this.#revision = undefined
    return revision
  }

  /** The revision for code that is ready, and the one that it replaces, which has to be retired. */
  revise(
    { taskRoot, runtimeFolder }: ReadyCode,
    settings: EnvironmentSettings,
  ): { revision: FunctionRevision; replaced?: FunctionRevision } {
    const current = this.#revision
    // A new URL or another concurrency is no new revision.
    if (
      current?.taskRoot === taskRoot &&
      current.configuration.revisionId === this.configuration.revisionId
    ) {
      return { revision: current }
    }
    const revision = new FunctionRevision(this, { taskRoot, runtimeFolder }, settings)
    this.#revision = revision
    return current === undefined ? { revision } : { revision, replaced: current }
  }
}

export class FunctionRevision implements EnvironmentOwner {
  readonly taskRoot: string
  readonly runtimeFolder: string | undefined
  readonly configuration: FunctionConfiguration
  readonly #function: LocalFunction
  readonly #settings: EnvironmentSettings

  constructor(
    of: LocalFunction,
    { taskRoot, runtimeFolder }: Omit<ReadyCode, 'kind'>,
    settings: EnvironmentSettings,
  ) {
    this.taskRoot = taskRoot
    this.runtimeFolder = runtimeFolder
    this.configuration = of.configuration
    this.#function = of
    this.#settings = settings
  }

  get functionName(): string {
    return this.configuration.functionName
  }

  get reservedConcurrency(): number | undefined {
    return this.#function.configuration.reservedConcurrency
  }

  async createEnvironment(log: (chunk: Uint8Array | string) => void): Promise<ExecutionEnvironment> {
    const { functionName, handler, memorySize, timeout, environment } = this.configuration
    const { region, workFolder, sandbox, enforcesTimeouts, openLog } = this.#settings
    const print = openLog(functionName)
    return await ExecutionEnvironment.create({
      functionName,
      version: '$LATEST',
      handler,
      memorySizeMb: memorySize,
      timeoutMs: enforcesTimeouts ? timeout * 1000 : LONGEST_TIMEOUT_MS,
      ...(enforcesTimeouts ? {} : { initTimeoutMs: LONGEST_TIMEOUT_MS }),
      region,
      environment: { ...configuredVariables(this.configuration), ...environment },
      taskRoot: this.taskRoot,
      runtimeFolder: this.runtimeFolder,
      workFolder,
      sandbox,
      log: (chunk) => {
        log(chunk)
        print(chunk)
      },
    })
  }
}

/** What Lambda sets because of other settings. SnapStart is for versions there; here is only `$LATEST` to try it with. */
function configuredVariables({ loggingConfig, others }: FunctionConfiguration): Record<string, string> {
  const { LogFormat, ApplicationLogLevel } = loggingConfig
  const { ApplyOn } = (others.SnapStart ?? {}) as { ApplyOn?: unknown }
  return {
    ...(LogFormat === undefined ? {} : { AWS_LAMBDA_LOG_FORMAT: LogFormat }),
    ...(ApplicationLogLevel === undefined ? {} : { AWS_LAMBDA_LOG_LEVEL: ApplicationLogLevel }),
    ...(ApplyOn === 'PublishedVersions' ? { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' } : {}),
  }
}
