/**
 * `lambdabin invoke`: runs a deployment package as Lambda would, for one event.
 *
 * On stdout there is the function's response, byte for byte, and on a terminal a line break behind it. Logs and Lambda's
 * own lines are on stderr.
 * The exit status is 0 for a response, 1 when the function failed, and its error document is then the response.
 * Whatever happens, the function's processes are ended and the folders made for it deleted.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultFunctionName, defaultHandler } from '../../api/default-handler.ts'
import { openGivenLayers } from '../../api/given-layers.ts'
import { openGivenPackage } from '../../api/given-package.ts'
import type { DeploymentPackage } from '../../emulator/code/deployment-package.ts'
import type { ExecutionEnvironmentOptions } from '../../emulator/environments/environment-parts.ts'
import { ExecutionEnvironment } from '../../emulator/environments/execution-environment.ts'
import type { InvocationOutcome } from '../../runtime-api/exchange.ts'
import { createInvocation, functionArn } from '../../runtime-api/invocation.ts'
import { findSandbox } from '../../sandbox/find-sandbox.ts'
import { onEarlyEnd } from '../early-end.ts'
import { withLineBreaks } from '../line-breaks.ts'
import { ignoreClosedPipe, writeAll, writeAllFrom } from '../output.ts'
import { type InvokeArguments, parseInvokeArguments } from './invoke-arguments.ts'
import { readEvent } from './invoke-event.ts'

const DEFAULT_REGION = 'us-east-1'

/** Resolves with the exit status: 0, or 1 when the function failed. Rejects with a UsageError, status 2. */
export async function invokeCommand(args: string[]): Promise<number> {
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const parsed = parseInvokeArguments(args)
  const event = await readEvent(parsed.event)
  const workFolder = mkdtempSync(join(tmpdir(), 'lambdabin-'))
  const removeFolder = () => rmSync(workFolder, { recursive: true, force: true, maxRetries: 5 })
  const forget = onEarlyEnd(removeFolder)
  try {
    const deploymentPackage = await openGivenPackage(parsed.path, workFolder)
    return await run(event, await environmentOptions(parsed, deploymentPackage, workFolder))
  } finally {
    removeFolder()
    forget()
  }
}

async function environmentOptions(
  { handler: named, timeoutMs, memorySizeMb, environment, layers }: InvokeArguments,
  deploymentPackage: DeploymentPackage,
  workFolder: string,
): Promise<ExecutionEnvironmentOptions> {
  const handler = named ?? (await defaultHandler(deploymentPackage))
  return {
    functionName: defaultFunctionName(handler),
    version: '$LATEST',
    handler,
    memorySizeMb,
    timeoutMs,
    region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? DEFAULT_REGION,
    environment,
    taskRoot: deploymentPackage.folder,
    layersFolder: await openGivenLayers(layers, workFolder),
    workFolder,
    sandbox: findSandbox(workFolder),
    log: (chunk) => process.stderr.write(process.stderr.isTTY ? withLineBreaks(chunk) : chunk),
  }
}

async function run(event: Buffer, options: ExecutionEnvironmentOptions): Promise<number> {
  const executionEnvironment = await ExecutionEnvironment.create(options)
  const forget = onEarlyEnd(() => executionEnvironment.kill())
  try {
    await executionEnvironment.init()
    const arn = functionArn(options.region, options.functionName)
    const { outcome, done } = executionEnvironment.invoke(createInvocation(event, arn))
    const status = await print(await outcome)
    await done
    return status
  } finally {
    await executionEnvironment.shutdown()
    forget()
  }
}

async function print(outcome: InvocationOutcome): Promise<number> {
  if (outcome.kind !== 'stream') {
    await writeAll(process.stdout, outcome.body)
    await endLine()
    return outcome.kind === 'error' ? 1 : 0
  }
  await writeAllFrom(outcome.body, process.stdout)
  await endLine()
  const failure = await outcome.failure
  if (failure === undefined) {
    return 0
  }
  // What is on stdout already is the response, as far as it came.
  await writeAll(process.stderr, failure.body)
  await writeAll(process.stderr, '\n')
  return 1
}

/** For who reads it there; a file or a pipe gets what the function answered, and nothing else. */
async function endLine(): Promise<void> {
  if (process.stdout.isTTY) {
    await writeAll(process.stdout, '\n')
  }
}
