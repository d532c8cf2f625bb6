/**
 * The folder in which the emulator keeps what outlives it, and what it needs while it runs:
 *
 *     functions/   see function-store.ts
 *     queue/       asynchronous invocations that are not over: see asynchronous/event-queue.ts
 *     failed/        those that failed for good
 *     destinations/  records of invocations for destinations that are out of reach
 *     layers/        see layers/layer-store.ts
 *     work/        task roots and execution environments' folders of this run; emptied at the start
 *
 * One emulator at a time may use it. The lock is an abstract socket named after the folder: the system frees it when
 * its holder ends, however it ends.
 */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'
import { makeFolder } from '../../bin/make-folder.js'
import { killMentioning } from '../sandbox/process-group.ts'
import { holderOfAbstractSocket } from './socket-holder.ts'

/** What the folder of an execution environment begins with. */
export const ENVIRONMENT_FOLDER = 'environment-'
/** In such a folder: the name of its log stream, by which its processes can be told. */
export const LOG_STREAM_FILE = 'log-stream'

export class StateFolderError extends Error {
  override name = 'StateFolderError'
}

export class StateFolder {
  /** Absolute. */
  readonly path: string
  readonly #lock: Server

  private constructor(path: string, lock: Server) {
    this.path = path
    this.#lock = lock
  }

  /** Rejects with a StateFolderError when the folder cannot be used. */
  static async open(folder: string): Promise<StateFolder> {
    const path = await usable(resolve(folder))
    const state = new StateFolder(path, await lock(path))
    await killStrays(state.work)
    await rm(state.work, { recursive: true, force: true, maxRetries: 5 })
    for (const each of [state.functions, state.layers, state.queue, state.failed, state.work]) {
      await mkdir(each, { recursive: true })
    }
    return state
  }

  get functions(): string {
    return join(this.path, 'functions')
  }

  get queue(): string {
    return join(this.path, 'queue')
  }

  get failed(): string {
    return join(this.path, 'failed')
  }

  get destinations(): string {
    return join(this.path, 'destinations')
  }

  get layers(): string {
    return join(this.path, 'layers')
  }

  get work(): string {
    return join(this.path, 'work')
  }

  async close(): Promise<void> {
    await rm(this.work, { recursive: true, force: true, maxRetries: 5 })
    await new Promise((done) => this.#lock.close(done))
  }
}

async function usable(path: string): Promise<string> {
  try {
    await makeFolder(path)
    // Deployment packages and events are nobody else's business, nor something to commit.
    await writeFile(join(path, '.gitignore'), '*\n')
    return await realpath(path)
  } catch (error) {
    throw new StateFolderError(
      `expected a folder for the emulator's state, but ${path} cannot be written; name another with --state`,
      { cause: error },
    )
  }
}

async function lock(path: string): Promise<Server> {
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32)
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((done, reject) => {
    server.once('error', (error) => {
      const holder = holderOfAbstractSocket(`lambdabin-${name}`) ?? 'another lambdabin serve'
      reject(
        new StateFolderError(
          `${holder} uses the folder ${path}; end that one, or name another folder with --state`,
          { cause: error },
        ),
      )
    })
    server.listen(`\0lambdabin-${name}`, done)
  })
  return server.unref()
}

/** Ends what an emulator that was killed has left running: no two environments have a log stream in common. */
async function killStrays(workFolder: string): Promise<void> {
  const folders = await readdir(workFolder).catch(() => [])
  for (const folder of folders.filter((name) => name.startsWith(ENVIRONMENT_FOLDER))) {
    const logStream = await readFile(join(workFolder, folder, LOG_STREAM_FILE), 'utf8').catch(() => '')
    if (logStream !== '') {
      killMentioning(logStream)
    }
  }
}
