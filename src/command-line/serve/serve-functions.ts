/** Functions that are named on the command line of `lambdabin serve`: they are there until it ends. */

import { createHash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { defaultFunctionName, defaultHandler } from '../../api/default-handler.ts'
import { openGivenPackage } from '../../api/given-package.ts'
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
import type { ServeArguments } from './serve-arguments.ts'

/** Rejects with a UsageError when there is no package that Lambda could run. */
export async function packagedFunction(
  path: string,
  workFolder: string,
  settings: ServeArguments,
  layersFolder: string | undefined,
): Promise<LocalFunction> {
  const opened = await openGivenPackage(path, workFolder)
  const handler = await defaultHandler(opened)
  const isFolder = (await stat(path)).isDirectory()
  const ready = { taskRoot: opened.folder, layersFolder, maxConcurrency: settings.instanceConcurrency }
  const code = new FolderCode(ready, await describe(path, isFolder), isFolder ? undefined : path)
  return commandLineFunction(defaultFunctionName(handler), handler, code, settings)
}

export function commandLineFunction(
  functionName: string,
  handler: string,
  code: FunctionCode,
  settings: ServeArguments,
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
