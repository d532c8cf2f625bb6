/** A function as the API describes it: the FunctionConfiguration of its answers. */

import type { LocalFunction } from '../functions/local-function.ts'
import type { LocalLambda } from '../local-lambda.ts'

export function configurationDocument(lambda: LocalLambda, described: LocalFunction): object {
  const { configuration, description } = described
  const { functionName, others, loggingConfig } = configuration
  const snapStart = others.SnapStart as object | undefined
  return {
    ...others,
    TracingConfig: others.TracingConfig ?? { Mode: 'PassThrough' },
    FunctionName: functionName,
    FunctionArn: lambda.arn(functionName),
    Runtime: configuration.runtime,
    Role: configuration.role,
    Handler: configuration.handler,
    CodeSize: description.codeSize,
    CodeSha256: description.codeSha256,
    Description: configuration.description,
    Timeout: configuration.timeout,
    MemorySize: configuration.memorySize,
    LastModified: configuration.lastModified,
    Version: '$LATEST',
    ...(Object.keys(configuration.environment).length > 0 && {
      Environment: { Variables: configuration.environment },
    }),
    RevisionId: configuration.revisionId,
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [configuration.architecture],
    EphemeralStorage: { Size: configuration.ephemeralStorage },
    SnapStart: { ApplyOn: 'None', ...snapStart, OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'Text', LogGroup: `/aws/lambda/${functionName}`, ...loggingConfig },
  }
}
