/**
 * The folder of an execution environment, and the sandbox that is made of it:
 *
 *     tmp/         the function's /tmp
 *     log-stream   the name of its log stream, by which its processes can be told
 *     …            what the sandbox keeps
 */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenSandbox, Sandbox } from '../../sandbox/sandbox.ts'
import { ENVIRONMENT_FOLDER, LOG_STREAM_FILE } from '../state-folder.ts'

export interface EnvironmentFolderOptions {
  /** The unpacked deployment package: a folder with `bootstrap` in it. */
  taskRoot: string
  /** What layers hold, merged. */
  layersFolder?: string | undefined
  /** What the runtime needs beside the deployment package, in place of Lambda's own runtime. */
  runtimeFolder?: string | undefined
  /** A script that each Node.js of the function's loads before all else. */
  preload?: PreloadedScript | undefined
  /** Where to make the folder. */
  workFolder: string
  /** What the function sees of this machine. */
  sandbox: Sandbox
}

export interface PreloadedScript {
  /** A folder that has the script and what that reads. */
  readonly folder: string
  /** The script's name there. */
  readonly script: string
}

/** Where Lambda has its runtimes. */
const RUNTIME_FOLDER = '/var/runtime'
/** Lambda has nothing there. */
const PRELOAD_FOLDER = '/var/preload'

export class EnvironmentFolder {
  readonly sandbox: OpenSandbox
  /** As the function sees it. */
  readonly runtimeFolder: string
  /** The script to load before all else, as the function sees it. */
  readonly preload: string | undefined
  readonly #path: string

  /** `cgroupFiles` are those that each of its processes writes itself into. */
  static async create(
    options: EnvironmentFolderOptions,
    logStream: string,
    cgroupFiles: readonly string[],
  ): Promise<EnvironmentFolder> {
    const { taskRoot, layersFolder, runtimeFolder, preload, workFolder } = options
    const path = await mkdtemp(join(workFolder, ENVIRONMENT_FOLDER))
    const temporaryFolder = join(path, 'tmp')
    await mkdir(temporaryFolder)
    await writeFile(join(path, LOG_STREAM_FILE), logStream)
    const sandbox = await options.sandbox.open({
      taskRoot,
      layersFolder,
      temporaryFolder,
      binds: [
        ...(runtimeFolder === undefined ? [] : [{ source: runtimeFolder, target: RUNTIME_FOLDER }]),
        ...(preload === undefined ? [] : [{ source: preload.folder, target: PRELOAD_FOLDER }]),
      ],
      workFolder: path,
      cgroupFiles,
    })
    return new EnvironmentFolder(path, sandbox, options)
  }

  private constructor(
    path: string,
    sandbox: OpenSandbox,
    { runtimeFolder, preload }: Pick<EnvironmentFolderOptions, 'runtimeFolder' | 'preload'>,
  ) {
    this.#path = path
    this.sandbox = sandbox
    this.preload = preload && sandbox.seen(join(preload.folder, preload.script))
    this.runtimeFolder = runtimeFolder === undefined ? sandbox.taskRoot : sandbox.seen(runtimeFolder)
  }

  async delete(): Promise<void> {
    await rm(this.#path, { recursive: true, force: true })
  }
}
