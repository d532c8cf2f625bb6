/** What an execution environment is made of, before anything runs in it. */

import { RuntimeApiServer } from '../../runtime-api/server.ts'
import { EnvironmentFolder, type EnvironmentFolderOptions } from './environment-folder.ts'
import {
  environmentVariables,
  type FunctionSettings,
  isSnapStart,
  logStreamName,
} from './environment-variables.ts'
import { ExternalExtensions, findExtensions } from './external-extensions.ts'
import type { SystemLogLevel } from './log/system-log-lines.ts'
import { type CgroupHome, EnvironmentCgroup } from './resources/cgroup.ts'

export interface ExecutionEnvironmentOptions extends FunctionSettings, EnvironmentFolderOptions {
  timeoutMs: number
  /** Lambda's, unless a test is in a hurry. */
  initTimeoutMs?: number
  /** Gives it the share of the machine that its memory buys. */
  cgroups?: CgroupHome | undefined
  /** The lowest level of Lambda's own lines in the log, which are JSON then; they are text unless it is given. */
  jsonLogLevel?: SystemLogLevel | undefined
  /** Takes the function's output and Lambda's own lines. */
  log: (chunk: Uint8Array | string) => void
}

export interface EnvironmentParts {
  server: RuntimeApiServer
  folder: EnvironmentFolder
  extensions: ExternalExtensions
  cgroup: EnvironmentCgroup | undefined
  /** Of the runtime process. */
  variables: Record<string, string>
}

export async function assembleParts(options: ExecutionEnvironmentOptions): Promise<EnvironmentParts> {
  const logStream = logStreamName(options.version, new Date())
  const { cgroups, memorySizeMb, layersFolder, maxConcurrency } = options
  const cgroup = cgroups && new EnvironmentCgroup(cgroups, hexadecimalPart(logStream), memorySizeMb)
  const folder = await EnvironmentFolder.create(options, logStream, cgroup?.files ?? [])
  const { functionName, version, handler } = options
  const server = await RuntimeApiServer.listen({
    ...{ functionName, version, handler, maxConcurrency },
    isSnapStart: isSnapStart(options),
  })
  const { sandbox, runtimeFolder, preload } = folder
  const own = environmentVariables(options, {
    taskRoot: sandbox.taskRoot,
    layersFolder: sandbox.layersFolder,
    temporaryFolder: sandbox.temporaryFolder,
    runtimeFolder,
    runtimeApi: server.address,
    logStreamName: logStream,
  })
  const variables = preload === undefined ? own : { ...own, NODE_OPTIONS: withPreload(preload, own) }
  const extensions = new ExternalExtensions(await findExtensions(layersFolder), server.extensions)
  return { server, folder, extensions, cgroup, variables }
}

/** Ahead of what the function's own option preloads. */
function withPreload(script: string, { NODE_OPTIONS }: Readonly<Record<string, string>>): string {
  const option = `--require=${JSON.stringify(script)}`
  return NODE_OPTIONS ? `${option} ${NODE_OPTIONS}` : option
}

function hexadecimalPart(logStream: string): string {
  return logStream.slice(-32)
}
