/** A version of a function as the API describes it: the FunctionConfiguration of its answers. */

import { type FunctionVersion, LATEST } from '../functions/function-version.ts'
import type { LocalLambda } from '../local-lambda.ts'

/** What an answer tells of a change that has just been made: clients wait until it is told no more. */
export type Progress = 'created' | 'updated' | undefined

export interface DescriptionOptions {
  progress?: Progress
  /** As the caller named it; its ARN then ends with it. */
  qualifier?: string | undefined
}

/** An ARN of the managed runtime's version: there is one here, and it never changes. */
const RUNTIME_VERSION =
  'arn:aws:lambda:us-east-1::runtime:0000000000000000000000000000000000000000000000000000000000000000'

export function configurationDocument(
  lambda: LocalLambda,
  described: FunctionVersion,
  { progress, qualifier }: DescriptionOptions = {},
): Record<string, unknown> {
  const { configuration, description, version } = described
  const { functionName, others, loggingConfig, layers = [] } = configuration
  const snapStart = others.SnapStart as { readonly ApplyOn?: unknown } | undefined
  const isSnapStart = snapStart?.ApplyOn === 'PublishedVersions'
  const arnQualifier = qualifier ?? (version === LATEST ? undefined : version)
  return {
    ...others,
    TracingConfig: others.TracingConfig ?? { Mode: 'PassThrough' },
    FunctionName: functionName,
    FunctionArn: lambda.arn(functionName, arnQualifier),
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: description.codeSize,
    CodeSha256: description.codeSha256,
    Description: configuration.description,
    Timeout: configuration.timeout,
    MemorySize: configuration.memorySize,
    LastModified: configuration.lastModified,
    Version: version,
    ...(Object.keys(configuration.environment).length > 0 && {
      Environment: { Variables: configuration.environment },
    }),
    ...(layers.length > 0 && { Layers: layers.map((arn) => layerReference(lambda, arn)) }),
    ...(configuration.isPerTenant && { TenancyConfig: { TenantIsolationMode: 'PER_TENANT' } }),
    RevisionId: configuration.revisionId,
    ...state(progress),
    PackageType: 'Zip',
    Architectures: [configuration.architecture],
    EphemeralStorage: { Size: configuration.ephemeralStorage },
    SnapStart: {
      ApplyOn: 'None',
      ...snapStart,
      OptimizationStatus: isSnapStart && version !== '$LATEST' ? 'On' : 'Off',
    },
    RuntimeVersionConfig: { RuntimeVersionArn: RUNTIME_VERSION.replace('us-east-1', lambda.region) },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${functionName}`, ...loggingConfig },
  }
}

function state(progress: Progress): Record<string, string> {
  switch (progress) {
    case 'created':
      return {
        State: 'Pending',
        StateReason: 'The function is being created.',
        StateReasonCode: 'Creating',
        LastUpdateStatus: 'Successful',
      }
    case 'updated':
      return { State: 'Active', LastUpdateStatus: 'InProgress' }
    default:
      return { State: 'Active', LastUpdateStatus: 'Successful' }
  }
}

function layerReference(lambda: LocalLambda, arn: string): object {
  try {
    return { Arn: arn, CodeSize: lambda.layers.byArn(arn).codeSize }
  } catch {
    // It was deleted: functions keep what they have.
    return { Arn: arn, CodeSize: 0 }
  }
}
