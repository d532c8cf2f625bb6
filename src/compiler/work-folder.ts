/**
 * A build's own folder inside the folder that it writes to, on the same disk so that what is done can be
 * renamed into place.
 */
import { rmdirSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from '../../bin/make-folder.js'
import { deleteAbandoned, ownFolder } from './abandoned-folders.ts'
import { BuildError } from './build-error.ts'
import { onAbandon } from './unfinished-work.ts'

const PREFIX = '.lambdabin-'
/** As many builds that fail may be under way at once. */
const MOST_ATTEMPTS = 100
/** No build takes a day. */
const LONGEST_MS = 24 * 3600 * 1000

/** The folder for the results cannot be written to. */
export class OutDirError extends BuildError {
  override readonly name = 'OutDirError'
}

/**
 * Calls `work` with a folder in `outDir`, and deletes it when `work` is done or has failed, or builds
 * are abandoned; one whose build was killed, a later build deletes. Deletes `outDir`, too, if `work` failed and it is there only because of this. Rejects as
 * `work` does; an {@link OutDirError} names `option`.
 */
export async function withWorkFolder<Result>(
  outDir: string,
  work: (folder: string) => Promise<Result>,
  option = '--out-dir',
): Promise<Result> {
  const { folder, firstMade } = await makeFolders(outDir, option)
  const finished = onAbandon(() => {
    rmSync(folder, { recursive: true, force: true })
    if (firstMade !== undefined) {
      deleteEmpty(outDir)
    }
  })
  let done = false
  try {
    const result = await work(folder)
    done = true
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
    finished()
    if (!done && firstMade !== undefined) {
      deleteEmpty(outDir)
    }
  }
}

/** Only if it is empty: another build may have put something there. */
function deleteEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Then it stays.
  }
}

/** Anew where another build, which has failed and made `outDir`, deletes that in between. */
async function makeFolderIn(outDir: string, attempts = MOST_ATTEMPTS) {
  const firstMade = await makeFolder(outDir)
  deleteAbandoned(outDir, PREFIX, LONGEST_MS)
  try {
    return { folder: await mkdtemp(join(outDir, PREFIX)), firstMade }
  } catch (error) {
    if (attempts > 1 && (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return makeFolderIn(outDir, attempts - 1)
    }
    throw error
  }
}

async function makeFolders(outDir: string, option: string) {
  try {
    const { folder, firstMade } = await makeFolderIn(outDir)
    ownFolder(folder)
    return { folder, firstMade }
  } catch (error) {
    throw new OutDirError(
      `${option} expects a folder that can be written to, and ${outDir} is none; give another with ${option}`,
      { cause: error },
    )
  }
}
