/** Functions of `serve --watch`: wires the build to the emulator. */

import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findPinnedNode } from '../../bin/pinned-node.js'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import { buildUnpackedFunction, prepareLauncher, sourcesOfFailure } from '../compiler/unpacked-function.ts'
import type { LocalFunction } from '../emulator/functions/local-function.ts'
import type { ServeArguments } from './serve-arguments.ts'
import { commandLineFunction } from './serve-functions.ts'
import type { ServeLog } from './serve-log.ts'
import { UsageError } from './usage-error.ts'
import { WatchedCode } from './watched-code.ts'

/**
 * One function for each entry. Their first builds have ended, successfully or not; `onBuilt` is called after each that
 * succeeds. Rejects with a UsageError.
 */
export async function watchedFunctions(
  settings: ServeArguments,
  workFolder: string,
  log: ServeLog,
  onBuilt: (functionName: string) => void,
): Promise<LocalFunction[]> {
  const { entries, inspectorPort } = settings
  if (entries.length === 0) {
    return []
  }
  const launcherFolder = join(workFolder, 'launcher')
  const node = await findPinnedNode(process.arch === 'arm64' ? 'arm64' : 'x64', log.notice)
  await prepareLauncher(launcherFolder, node)
  return await Promise.all(
    entries.map(async (entry, index) => {
      await checkEntry(entry)
      const name = nameOf(entry)
      const options = {
        entry: resolve(entry),
        name,
        inspectorPort: inspectorPort === undefined ? undefined : inspectorPort + index,
      }
      const code = new WatchedCode({
        entry: options.entry,
        folder: join(workFolder, `watch-${name}`),
        runtimeFolder: launcherFolder,
        build: (taskRoot) => buildUnpackedFunction(options, taskRoot),
        sourcesOfFailure: (error) => sourcesOfFailure(error, options.entry),
        onBuilt: (ms) => {
          log.notice(`built ${name} from ${entry} in ${Math.round(ms)} ms`)
          onBuilt(name)
        },
        onFailed: (message) => log.notice(message),
      })
      await code.prepare()
      const watched = commandLineFunction(name, name, code, settings)
      if (options.inspectorPort !== undefined) {
        // There is one inspector, and one program for it to stop.
        watched.configuration = { ...watched.configuration, reservedConcurrency: 1 }
      }
      return watched
    }),
  )
}

async function checkEntry(entry: string): Promise<void> {
  const file = await stat(entry).catch((error) => {
    throw new UsageError(
      `expected the file of a function after --watch, and ${entry} cannot be read; check the path`,
      { cause: error },
    )
  })
  if (!file.isFile()) {
    throw new UsageError(
      `expected the file of a function after --watch, and ${entry} is not a file; name the file in it`,
    )
  }
}

function nameOf(entry: string): string {
  try {
    return functionName(entry, undefined)
  } catch (error) {
    throw error instanceof FunctionNameError ? new UsageError(error.message, { cause: error }) : error
  }
}
