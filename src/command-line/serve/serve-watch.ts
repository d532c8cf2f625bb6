/** Functions of `serve --watch`: wires the build to the emulator. */

import { join } from 'node:path'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { buildUnpackedFunction, prepareLauncher, sourcesOfFailure } from '../../compiler/unpacked-function.ts'
import { readFunctionEntry } from '../../configuration/function-entry.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import type { ServeArguments } from './serve-arguments.ts'
import { commandLineFunction } from './serve-functions.ts'
import type { ServeLog } from './serve-log.ts'
import { WatchedCode } from './watched-code.ts'

/**
 * One function for each entry. Their first builds have ended, successfully or not; `onBuilt` is called after each that
 * succeeds. Rejects with a UsageError.
 */
export async function watchedFunctions(
  settings: ServeArguments,
  workFolder: string,
  layersFolder: string | undefined,
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
    entries.map(async (path, index) => {
      const { entry, name } = await readFunctionEntry(path, { place: ' after --watch' })
      const options = {
        entry,
        name,
        inspectorPort: inspectorPort === undefined ? undefined : inspectorPort + index,
      }
      const code = new WatchedCode({
        entry,
        folder: join(workFolder, `watch-${name}`),
        ready: { runtimeFolder: launcherFolder, layersFolder, maxConcurrency: settings.instanceConcurrency },
        build: (taskRoot) => buildUnpackedFunction(options, taskRoot),
        sourcesOfFailure: (error) => sourcesOfFailure(error, entry),
        onBuilt: (ms) => {
          log.notice(`built ${name} from ${path} in ${Math.round(ms)} ms`)
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
