/** The members of CreateFunction and UpdateFunctionConfiguration that describe a function, read and checked. */

import { checkFunctionVariables, EnvironmentVariableError } from '../environments/environment-variables.ts'
import type { FunctionConfiguration } from '../functions/function-configuration.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import type { LocalLambda } from '../local-lambda.ts'
import { readChoice, readInteger, readObject, readString, readStringMap, readStrings } from './members.ts'

type Document = Readonly<Record<string, unknown>>

/** What a request sets; a member that is not there is left as it is. */
export type ConfigurationChange = Partial<
  Pick<
    FunctionConfiguration,
    | 'runtime'
    | 'role'
    | 'handler'
    | 'description'
    | 'timeout'
    | 'memorySize'
    | 'environment'
    | 'ephemeralStorage'
    | 'loggingConfig'
    | 'others'
    | 'layers'
    | 'isPerTenant'
  >
>

const RUNTIMES = ['provided', 'provided.al2', 'provided.al2023'] as const
const ROLE = /^arn:aws[a-zA-Z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/
const MAX_LAYERS = 5
const HANDLER = /^\S{1,128}$/

/** They would change what the function's code meets, and are not here. */
const REFUSED = [
  'CapacityProviderConfig',
  'CodeSigningConfigArn',
  'DurableConfig',
  'FileSystemConfigs',
  'ImageConfig',
]

/** They come back as they were given; but for SnapStart and the dead-letter queue, they change nothing that could be noticed here. */
const KEPT = ['VpcConfig', 'TracingConfig', 'DeadLetterConfig', 'SnapStart']
const DEAD_LETTER_TARGET = /^(|arn:aws[a-zA-Z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:.+)$/
/** Of those, the members that have few values. */
const CHOICES = [
  ['SnapStart', 'ApplyOn', ['PublishedVersions', 'None']],
  ['TracingConfig', 'Mode', ['Active', 'PassThrough']],
] as const

/** Throws a LambdaError for what is not as the API has it, and for what would not be obeyed here. */
export function readConfigurationChange(document: Document, lambda: LocalLambda): ConfigurationChange {
  refuseWhatIsMissing(document)
  return withoutUndefined({
    runtime: readRuntime(document),
    role: readString(document, 'Role', ROLE, 'the ARN of a role, such as arn:aws:iam::123456789012:role/any'),
    handler: readString(document, 'Handler', HANDLER, '1 to 128 characters without spaces'),
    description: readString(document, 'Description', /^[\s\S]{0,256}$/, '256 characters at most'),
    timeout: readInteger(document, 'Timeout', 1, 900),
    memorySize: readInteger(document, 'MemorySize', 128, 10_240),
    environment: readEnvironment(document),
    ephemeralStorage: readEphemeralStorage(document),
    loggingConfig: readLoggingConfig(document),
    others: readOthers(document),
    layers: readLayers(document, lambda),
    isPerTenant: readTenancy(document),
  })
}

function readRuntime(document: Document): string | undefined {
  const runtime = readString(document, 'Runtime')
  if (runtime !== undefined && !(RUNTIMES as readonly string[]).includes(runtime)) {
    throw new InvalidParameterValueException(
      `Value ${JSON.stringify(runtime)} at 'runtime' failed to satisfy constraint: expected one of ` +
        `[${RUNTIMES.join(', ')}], as only packages with a bootstrap of their own run here; use provided.al2023`,
    )
  }
  return runtime
}

function readEnvironment(document: Document): Record<string, string> | undefined {
  const environment = readObject(document, 'Environment')
  if (environment === undefined) {
    return undefined
  }
  const variables = readStringMap(environment, 'Variables') ?? {}
  try {
    checkFunctionVariables(variables)
  } catch (error) {
    if (error instanceof EnvironmentVariableError) {
      throw new InvalidParameterValueException(error.message, error)
    }
    throw error
  }
  return variables
}

function readEphemeralStorage(document: Document): number | undefined {
  const storage = readObject(document, 'EphemeralStorage')
  return storage && readInteger(storage, 'Size', 512, 10_240)
}

function readLoggingConfig(document: Document): Record<string, string> | undefined {
  const config = readObject(document, 'LoggingConfig')
  if (config === undefined) {
    return undefined
  }
  if (config.LogFormat === 'Text' && (config.ApplicationLogLevel ?? config.SystemLogLevel) !== undefined) {
    throw new InvalidParameterValueException(
      'expected log levels with the LogFormat JSON only, as Lambda does, but it is Text; leave them out, or set it to JSON',
    )
  }
  return withoutUndefined({
    LogFormat: readChoice(config, 'LogFormat', ['JSON', 'Text']),
    ApplicationLogLevel: readChoice(config, 'ApplicationLogLevel', [
      'TRACE',
      'DEBUG',
      'INFO',
      'WARN',
      'ERROR',
      'FATAL',
    ]),
    SystemLogLevel: readChoice(config, 'SystemLogLevel', ['DEBUG', 'INFO', 'WARN']),
    LogGroup: readString(config, 'LogGroup'),
  }) as Record<string, string>
}

function readLayers(document: Document, { layers }: LocalLambda): string[] | undefined {
  const arns = readStrings(document, 'Layers')
  for (const arn of arns ?? []) {
    layers.byArn(arn)
  }
  if (arns !== undefined && arns.length > MAX_LAYERS) {
    throw new InvalidParameterValueException(
      `expected ${MAX_LAYERS} layers at most, as Lambda does, but got ${arns.length}; merge some`,
    )
  }
  return arns
}

function readTenancy(document: Document): boolean | undefined {
  const tenancy = readObject(document, 'TenancyConfig')
  return tenancy && readChoice(tenancy, 'TenantIsolationMode', ['PER_TENANT']) !== undefined
}

function readOthers(document: Document): Record<string, unknown> | undefined {
  for (const [member, name, choices] of CHOICES) {
    readChoice(readObject(document, member) ?? {}, name, choices)
  }
  const deadLetters = readObject(document, 'DeadLetterConfig') ?? {}
  readString(deadLetters, 'TargetArn', DEAD_LETTER_TARGET, 'the ARN of an SQS queue or an SNS topic')
  const given = KEPT.map((member) => [member, readObject(document, member)]).filter(([, value]) => value)
  const key = readString(document, 'KMSKeyArn')
  return given.length === 0 && key === undefined
    ? undefined
    : { ...Object.fromEntries(given), ...(key !== undefined && { KMSKeyArn: key }) }
}

function refuseWhatIsMissing(document: Document): void {
  if (readChoice(document, 'PackageType', ['Zip', 'Image']) === 'Image') {
    throw new InvalidParameterValueException(
      'packages that are container images cannot be run here, as there is nothing to run images with; send a zip',
    )
  }
  for (const member of REFUSED) {
    const value = document[member]
    if (value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)) {
      throw new InvalidParameterValueException(
        `${member} has no equivalent in this emulator, so the function would meet something else than on Lambda; leave it out`,
      )
    }
  }
}

function withoutUndefined<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: Exclude<Members[Name], undefined>
  }
}
