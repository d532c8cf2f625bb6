/** What execution environments are made for: a version's configuration and code as they were at one time. */

import type { Sandbox } from '../../sandbox/sandbox.ts'
import type { ReadyCode } from '../code/function-code.ts'
import type { PreloadedScript } from '../environments/environment-folder.ts'
import type { EnvironmentOwner } from '../environments/environment-pool.ts'
import { ExecutionEnvironment } from '../environments/execution-environment.ts'
import type { SystemLogLevel } from '../environments/log/system-log-lines.ts'
import type { CgroupHome } from '../environments/resources/cgroup.ts'
import type { FunctionConfiguration } from './function-configuration.ts'

/** What environments need to know besides the function. */
export interface EnvironmentSettings {
  region: string
  workFolder: string
  /** What functions see of this machine. */
  sandbox: Sandbox
  /** Gives each environment the share of the machine that its memory buys. */
  cgroups?: CgroupHome | undefined
  /** Off where somebody may sit at a breakpoint. */
  enforcesTimeouts: boolean
  /** The folder with what layers of these ARNs hold, merged; undefined for none. */
  layersFolder: (arns: readonly string[]) => Promise<string | undefined>
  /** Variables that each function has unless it sets them: endpoints of AWS's services. */
  environment?: Readonly<Record<string, string>>
  /** A script that each Node.js of a function's loads before all else. */
  preload?: PreloadedScript | undefined
  /** Takes what environments of a function log; called once for each environment. */
  openLog: (functionName: string) => (chunk: Uint8Array | string) => void
}

/** What a revision asks the function as it is now. */
export interface RevisedFunction {
  readonly reservedConcurrency: number | undefined
  provisionedConcurrency(version: string): number
}

/** Fifteen minutes: the most that Lambda gives a function. */
const LONGEST_TIMEOUT_MS = 900_000

export class FunctionRevision implements EnvironmentOwner {
  readonly version: string
  readonly taskRoot: string
  readonly configuration: FunctionConfiguration
  readonly #function: RevisedFunction
  readonly #ready: ReadyCode
  readonly #settings: EnvironmentSettings

  constructor(
    of: RevisedFunction,
    { version, configuration }: { version: string; configuration: FunctionConfiguration },
    ready: ReadyCode,
    settings: EnvironmentSettings,
  ) {
    this.version = version
    this.taskRoot = ready.taskRoot
    this.configuration = configuration
    this.#function = of
    this.#ready = ready
    this.#settings = settings
  }

  get functionName(): string {
    return this.configuration.functionName
  }

  get reservedConcurrency(): number | undefined {
    return this.#function.reservedConcurrency
  }

  get provisionedConcurrency(): number {
    return this.#function.provisionedConcurrency(this.version)
  }

  get maxConcurrency(): number | undefined {
    return this.#ready.maxConcurrency
  }

  async createEnvironment(
    log: (chunk: Uint8Array | string) => void,
    isProvisioned = false,
  ): Promise<ExecutionEnvironment> {
    const { functionName, handler, memorySize, timeout, environment, layers } = this.configuration
    const { region, workFolder, sandbox, cgroups, enforcesTimeouts, preload, openLog } = this.#settings
    const { taskRoot, runtimeFolder, layersFolder, maxConcurrency } = this.#ready
    const print = openLog(functionName)
    return await ExecutionEnvironment.create({
      functionName,
      version: this.version,
      handler,
      memorySizeMb: memorySize,
      timeoutMs: enforcesTimeouts ? timeout * 1000 : LONGEST_TIMEOUT_MS,
      ...(enforcesTimeouts ? {} : { initTimeoutMs: LONGEST_TIMEOUT_MS }),
      region,
      environment: {
        ...this.#settings.environment,
        ...(isProvisioned && { AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' }),
        ...configuredVariables(this.configuration),
        ...environment,
      },
      taskRoot,
      runtimeFolder,
      layersFolder: layersFolder ?? (await this.#settings.layersFolder(layers ?? [])),
      maxConcurrency,
      preload,
      workFolder,
      sandbox,
      cgroups,
      jsonLogLevel: jsonLogLevel(this.configuration),
      log: (chunk) => {
        log(chunk)
        print(chunk)
      },
    })
  }
}

function jsonLogLevel({ loggingConfig }: FunctionConfiguration): SystemLogLevel | undefined {
  const { LogFormat, SystemLogLevel = 'INFO' } = loggingConfig
  return LogFormat === 'JSON' ? (SystemLogLevel as SystemLogLevel) : undefined
}

/** What Lambda sets because of other settings. SnapStart is for versions there; here also for `$LATEST`, to try it with. */
function configuredVariables({ loggingConfig, others }: FunctionConfiguration): Record<string, string> {
  const { LogFormat, ApplicationLogLevel } = loggingConfig
  const { ApplyOn } = (others.SnapStart ?? {}) as { ApplyOn?: unknown }
  return {
    ...(LogFormat === undefined ? {} : { AWS_LAMBDA_LOG_FORMAT: LogFormat }),
    ...(ApplicationLogLevel === undefined ? {} : { AWS_LAMBDA_LOG_LEVEL: ApplicationLogLevel }),
    ...(ApplyOn === 'PublishedVersions' ? { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' } : {}),
  }
}
