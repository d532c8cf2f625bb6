/** Functions that a local Lambda is started with: they are there until it ends. */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { FolderCode } from '../../emulator/code/folder-code.ts'
import type { FunctionCode } from '../../emulator/code/function-code.ts'
import {
  type CodeDescription,
  DEFAULT_EPHEMERAL_STORAGE_MB,
  type FunctionConfiguration,
  implicitUrl,
  modifiedAt,
} from '../../emulator/functions/function-configuration.ts'
import { LocalFunction } from '../../emulator/functions/local-function.ts'
import { defaultExecutable, defaultFunctionName, handlersOf } from '../default-handler.ts'
import { openGivenLayers } from '../given-layers.ts'
import { openGivenPackage } from '../given-package.ts'
import type { RunSettings } from '../run-settings.ts'
import { HandlerChoice, type ServedFunction } from './handler-choice.ts'
import type { InvokeMode, LocalLambdaSettings, ServedPackage } from './local-lambda-settings.ts'

/** Rejects with a UsageError when there is no package that Lambda could run. */
export async function packagedFunction(
  { path, run }: ServedPackage,
  workFolder: string,
  { instanceConcurrency, invokeMode }: LocalLambdaSettings,
): Promise<ServedFunction> {
  const layersFolder = await openGivenLayers(run.layers, workFolder)
  const opened = await openGivenPackage(path, workFolder, layersFolder)
  const executable = await defaultExecutable(opened)
  const choice = new HandlerChoice(executable, await handlersOf(opened, executable))
  const isFolder = (await stat(path)).isDirectory()
  const ready = {
    taskRoot: opened.folder,
    layersFolder,
    maxConcurrency: instanceConcurrency,
  }
  const code = new FolderCode(ready, await describe(path, isFolder), isFolder ? undefined : path)
  const copy = (functionName: string, handler: string) =>
    servedFunction(functionName, handler, code, { ...run, invokeMode })
  const local = copy(defaultFunctionName(executable), choice.setting)
  choice.follow(local)
  return { local, choice, run, copy }
}

export function servedFunction(
  functionName: string,
  handler: string,
  code: FunctionCode,
  settings: RunSettings & { invokeMode: InvokeMode },
): LocalFunction {
  const now = new Date()
  const configuration: FunctionConfiguration = {
    functionName,
    runtime: 'provided.al2023',
    role: 'arn:aws:iam::123456789012:role/lambdabin',
    handler,
    description: '',
    timeout: settings.timeoutSeconds,
    memorySize: settings.memorySizeMb,
    environment: settings.environment,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    ephemeralStorage: DEFAULT_EPHEMERAL_STORAGE_MB,
    loggingConfig: {},
    tags: {},
    others: {},
    lastModified: modifiedAt(now),
    revisionId: randomUUID(),
    url: { ...implicitUrl(now), invokeMode: settings.invokeMode },
  }
  return new LocalFunction({ configuration, code, isPersistent: false })
}

/** A folder has never been a zip, so there is nothing that it could be compared with. */
async function describe(path: string, isFolder: boolean): Promise<CodeDescription> {
  if (isFolder) {
    return { codeSha256: '', codeSize: 0 }
  }
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { codeSha256: hash.digest('base64'), codeSize: (await stat(path)).size }
}
