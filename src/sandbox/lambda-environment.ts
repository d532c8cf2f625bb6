/**
 * The environment variables that every execution environment has, whatever runs in it: the base of those of local
 * functions and of what a build runs.
 *
 * Source: AWS Lambda Developer Guide, "Defined runtime environment variables", and the environment of functions on
 * `provided.al2023`.
 */

import { userInfo } from 'node:os'

export interface LambdaFacts {
  /** The handler setting. */
  handler: string
  functionName: string
  /** `$LATEST`, or a number. */
  version: string
  memorySizeMb: number
  region: string
  /** As the process sees them. */
  taskRoot: string
  layersFolder: string
  runtimeFolder: string
  /** Undefined where it is `/tmp`. */
  temporaryFolder: string | undefined
  /** Host and port, no scheme. */
  runtimeApi: string
}

/** What a function may set otherwise. */
export function systemVariables({
  taskRoot,
  layersFolder,
  temporaryFolder,
  region,
}: Pick<LambdaFacts, 'taskRoot' | 'layersFolder' | 'temporaryFolder' | 'region'>): Record<string, string> {
  return {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: `/usr/local/bin:/usr/bin/:/bin:${layersFolder}/bin`,
    LD_LIBRARY_PATH: `/lib64:/usr/lib64:${taskRoot}:${taskRoot}/lib:${layersFolder}/lib`,
    // Where layers for Node.js have their packages. On Lambda, `bootstrap` sets it.
    NODE_PATH: `${layersFolder}/nodejs/node_modules`,
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    AWS_LAMBDA_LOG_FORMAT: 'Text',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    // Not Lambda's: there, all of /tmp is the environment's own.
    ...(temporaryFolder !== undefined && { TMPDIR: temporaryFolder }),
    ...homeVariables(() => userInfo().homedir),
  }
}

/**
 * Lambda's user has a home, and no HOME. One that the system does not know, as in a container with `--user 1234`, has neither, and
 * `os.homedir()` throws, in AWS's SDK for one.
 */
export function homeVariables(readHome: () => string): Record<string, string> {
  try {
    readHome()
    return {}
  } catch {
    return { HOME: '/tmp' }
  }
}

/** What no function may set. */
export function reservedVariables(facts: LambdaFacts): Record<string, string> {
  return {
    _HANDLER: facts.handler,
    LAMBDA_TASK_ROOT: facts.taskRoot,
    LAMBDA_RUNTIME_DIR: facts.runtimeFolder,
    AWS_LAMBDA_RUNTIME_API: facts.runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: facts.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: facts.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(facts.memorySizeMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${facts.functionName}`,
  }
}
