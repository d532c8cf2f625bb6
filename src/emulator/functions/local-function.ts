/** One function: `$LATEST`, the versions that were published of it, their aliases, and what is kept for each of these. */

import type { FunctionCode } from '../code/function-code.ts'
import { ResourceNotFoundException } from '../lambda-error.ts'
import type {
  Alias,
  CodeDescription,
  FunctionConfiguration,
  FunctionUrlConfiguration,
  QualifiedSettings,
} from './function-configuration.ts'
import type { RevisedFunction } from './function-revision.ts'
import { FunctionVersion, LATEST } from './function-version.ts'

export interface LocalFunctionOptions {
  configuration: FunctionConfiguration
  code: FunctionCode
  /** Whether it outlives the emulator. */
  isPersistent: boolean
}

/** The number of a version, or `$LATEST`. */
const VERSION = /^(\$LATEST|\d+)$/

export class LocalFunction implements RevisedFunction {
  readonly isPersistent: boolean
  readonly latest: FunctionVersion
  /** By number. */
  readonly versions = new Map<string, FunctionVersion>()
  readonly aliases = new Map<string, Alias>()
  /** By qualifier. */
  readonly settings = new Map<string, QualifiedSettings>()
  /** Numbers are not given twice. */
  lastVersion = 0
  /** `Terminate`, Lambda's default, or `Allow`; kept, as nothing here sends events round in circles. */
  recursiveLoop: string | undefined

  constructor({ configuration, code, isPersistent }: LocalFunctionOptions) {
    this.latest = new FunctionVersion(LATEST, configuration, code)
    this.isPersistent = isPersistent
  }

  get name(): string {
    return this.configuration.functionName
  }

  get configuration(): FunctionConfiguration {
    return this.latest.configuration
  }

  set configuration(configuration: FunctionConfiguration) {
    this.latest.configuration = configuration
  }

  get code(): FunctionCode {
    return this.latest.code
  }

  set code(code: FunctionCode) {
    this.latest.code = code
  }

  get description(): CodeDescription {
    return this.latest.description
  }

  /** `$LATEST` and all others, by number. */
  get allVersions(): FunctionVersion[] {
    return [this.latest, ...this.versions.values()]
  }

  get reservedConcurrency(): number | undefined {
    return this.configuration.reservedConcurrency
  }

  /** Of a version, its aliases' included. */
  provisionedConcurrency(version: string): number {
    let count = this.settings.get(version)?.provisionedConcurrency ?? 0
    for (const { name, functionVersion } of this.aliases.values()) {
      count += functionVersion === version ? (this.settings.get(name)?.provisionedConcurrency ?? 0) : 0
    }
    return count
  }

  /** The version that an invocation of `qualifier` runs. Throws a ResourceNotFoundException. */
  pick(qualifier: string, arn: string, random = Math.random): FunctionVersion {
    const alias = this.aliases.get(qualifier)
    return this.version(alias === undefined ? qualifier : chosen(alias, random()), arn)
  }

  /** Throws a ResourceNotFoundException. */
  version(version: string, arn: string): FunctionVersion {
    const found = version === LATEST ? this.latest : this.versions.get(version)
    if (found === undefined) {
      throw new ResourceNotFoundException(`Function not found: ${arn}:${version}`)
    }
    return found
  }

  /** Whether there is such a version or alias. */
  has(qualifier: string): boolean {
    return qualifier === LATEST || this.versions.has(qualifier) || this.aliases.has(qualifier)
  }

  /** Of `$LATEST` or an alias; undefined for none. */
  url(qualifier: string): FunctionUrlConfiguration | undefined {
    return qualifier === LATEST ? this.configuration.url : this.settings.get(qualifier)?.url
  }

  /** Changes what is kept for a version or an alias; what `change` makes undefined is gone. */
  change(qualifier: string, change: Partial<Record<keyof QualifiedSettings, unknown>>): void {
    const changed = { ...this.settings.get(qualifier), ...change } as QualifiedSettings
    const kept = Object.entries(changed).filter(([, value]) => value !== undefined)
    if (kept.length === 0) {
      this.settings.delete(qualifier)
    } else {
      this.settings.set(qualifier, Object.fromEntries(kept))
    }
  }
}

export function isVersion(qualifier: string): boolean {
  return VERSION.test(qualifier)
}

/** The version that a number from 0 to 1 falls on. */
function chosen({ functionVersion, weights }: Alias, random: number): string {
  let sum = 0
  for (const [version, weight] of Object.entries(weights)) {
    sum += weight
    if (random < sum) {
      return version
    }
  }
  return functionVersion
}
