/** The environment of a program that the build runs as Lambda would. */
import process from 'node:process'
import { reservedVariables, systemVariables } from '../../sandbox/lambda-environment.ts'
import type { OpenSandbox } from '../../sandbox/sandbox.ts'

export const REGION = 'us-east-1'

/** Nobody's: for requests that nobody but the build gets. */
export const PLACEHOLDER_CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'placeholder',
  AWS_SESSION_TOKEN: 'placeholder',
} as const

/** Lambda's default; V8 does not ask for it here. */
const MEMORY_SIZE_MB = 128

const HOME = '/home/sbx_user1051'

/** What every execution environment has, and nothing of this machine's. */
export function systemEnvironment(sandbox: OpenSandbox): NodeJS.ProcessEnv {
  return {
    ...systemVariables({ ...foldersOf(sandbox), region: REGION }),
    // Lambda's user has a home that is not there. Here it keeps what is run from the builder's own, and its credentials;
    // and a user whom the system has no name for, as in many containers, would have no home to be asked for.
    HOME,
    // An SDK without credentials asks the instance that it runs on for some.
    AWS_EC2_METADATA_DISABLED: 'true',
    // It looks here, whatever the home is.
    AWS_SHARED_CREDENTIALS_FILE: `${HOME}/.aws/credentials`,
    AWS_CONFIG_FILE: `${HOME}/.aws/config`,
    ...(process.env.SystemRoot && { SystemRoot: process.env.SystemRoot }),
  }
}

export interface RunEnvironment {
  /** The handler setting, and the function's name, too. */
  readonly handler: string
  /** Host and port. */
  readonly runtimeApi: string
  /** The function's own variables, as its author has given them for where it is run. */
  readonly environment?: Readonly<Record<string, string>> | undefined
}

/** Credentials, whom an SDK is to call, and what changes Node.js itself: a run of the build's has its own, or none. */
const NOT_FOR_BUILDS =
  /^(AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|ENDPOINT_URL.*)|NODE_(OPTIONS|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED|USE_ENV_PROXY|DEBUG|V8_COVERAGE|COMPILE_CACHE)|LD_.*|LAMBDABIN_.*)$/

/** Lambda's, as far as a function may look at it: above all no credentials. */
export function lambdaEnvironment(
  sandbox: OpenSandbox,
  { handler, runtimeApi, environment = {} }: RunEnvironment,
): NodeJS.ProcessEnv {
  const own = Object.entries(environment).filter(([name]) => !NOT_FOR_BUILDS.test(name))
  return {
    ...Object.fromEntries(own),
    ...systemEnvironment(sandbox),
    ...reservedVariables({
      ...foldersOf(sandbox),
      handler,
      functionName: handler,
      version: '$LATEST',
      memorySizeMb: MEMORY_SIZE_MB,
      region: REGION,
      runtimeApi,
    }),
  }
}

function foldersOf({ taskRoot, layersFolder, temporaryFolder }: OpenSandbox) {
  return { taskRoot, layersFolder, temporaryFolder, runtimeFolder: taskRoot }
}
