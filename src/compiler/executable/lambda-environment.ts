/** The environment of a program that the build runs as Lambda would. */
import process from 'node:process'

export const REGION = 'us-east-1'

/** What every execution environment has, whatever runs in it. */
export const SYSTEM_ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  // Lambda's user has a home that is not there. Here it keeps what is run from the builder's own, and its credentials;
  // and a user whom the system has no name for, as in many containers, would have no home to be asked for.
  HOME: '/home/sbx_user1051',
}

export interface LambdaEnvironmentOptions {
  /** The handler setting; the function's name, too. */
  readonly handler: string
  readonly taskRoot: string
  /** Host and port. */
  readonly runtimeApi: string
}

/** Lambda's, as far as a function may look at it, and nothing of this machine's: above all no credentials. */
export function lambdaEnvironment(options: LambdaEnvironmentOptions): NodeJS.ProcessEnv {
  return {
    ...SYSTEM_ENVIRONMENT,
    LAMBDA_TASK_ROOT: options.taskRoot,
    _HANDLER: options.handler,
    AWS_LAMBDA_RUNTIME_API: options.runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: options.handler,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_REGION: REGION,
    AWS_DEFAULT_REGION: REGION,
    // An SDK without credentials asks the instance that it runs on for some.
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(process.env.SystemRoot && { SystemRoot: process.env.SystemRoot }),
  }
}
