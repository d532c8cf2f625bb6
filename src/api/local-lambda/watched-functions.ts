/** Functions that are built from source, and anew when that changes: wires the build to the emulator. */

import { join } from 'node:path'
import { findBaseNode } from '../../compiler/base-node/fetched-node.ts'
import { handlerSettings } from '../../compiler/handler-settings.ts'
import { buildUnpackedFunction, prepareLauncher, sourcesOfFailure } from '../../compiler/unpacked-function.ts'
import { openGivenLayers } from '../given-layers.ts'
import { HandlerChoice, type ServedFunction } from './handler-choice.ts'
import type { LambdaLog, LocalLambdaSettings, WatchedSource } from './local-lambda-settings.ts'
import { servedFunction } from './served-functions.ts'
import { WatchedCode } from './watched-code.ts'

/**
 * One function for each source. Their first builds have ended, successfully or not; `onBuilt` is called after each that
 * succeeds. Rejects with a UsageError.
 */
export async function watchedFunctions(
  settings: LocalLambdaSettings,
  workFolder: string,
  log: LambdaLog,
  onBuilt: (functionName: string) => void,
): Promise<ServedFunction[]> {
  const { watched } = settings
  if (watched.length === 0) {
    return []
  }
  const launcherFolder = join(workFolder, 'launcher')
  const node = await findBaseNode(process.arch === 'arm64' ? 'arm64' : 'x64', log.notice)
  await prepareLauncher(launcherFolder, node)
  const inspectorPort = (index: number) =>
    settings.inspectorPort === undefined ? undefined : settings.inspectorPort + index
  return await Promise.all(
    watched.map(async (source, index) => {
      const { name, run } = source
      const choice = new HandlerChoice(name, undefined)
      const options = { ...source, inspectorPort: inspectorPort(index), choice }
      const code = await watchedCode(options, settings, { workFolder, launcherFolder }, log, onBuilt)
      await code.prepare()
      const served = servedFunction(name, choice.setting, code, { ...run, invokeMode: settings.invokeMode })
      if (options.inspectorPort !== undefined) {
        // There is one inspector, and one program for it to stop.
        served.configuration = { ...served.configuration, reservedConcurrency: 1 }
      }
      choice.follow(served)
      return { local: served, choice, run, copy: undefined }
    }),
  )
}

async function watchedCode(
  options: WatchedSource & { inspectorPort: number | undefined; choice: HandlerChoice },
  { instanceConcurrency }: LocalLambdaSettings,
  { workFolder, launcherFolder }: { workFolder: string; launcherFolder: string },
  log: LambdaLog,
  onBuilt: (functionName: string) => void,
): Promise<WatchedCode> {
  const { entry, name, path, run, choice } = options
  return new WatchedCode({
    entry,
    folder: join(workFolder, `watch-${name}`),
    ready: {
      runtimeFolder: launcherFolder,
      layersFolder: await openGivenLayers(run.layers, workFolder),
      maxConcurrency: instanceConcurrency,
    },
    build: (taskRoot) =>
      buildUnpackedFunction(options, taskRoot, (exports) =>
        choice.update(exports && handlerSettings(name, exports)),
      ),
    sourcesOfFailure: (error) => sourcesOfFailure(error, entry),
    onBuilt: (ms) => {
      log.notice(`built ${name} from ${path} in ${Math.round(ms)} ms`)
      onBuilt(name)
    },
    onFailed: (message) => log.notice(message),
  })
}
