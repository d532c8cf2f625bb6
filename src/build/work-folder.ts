/** A build's own folder inside the folder that it writes to, on the same disk so that what is done can be renamed into place. */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { BuildError } from './build-error.ts'

/** The folder for the results cannot be written to. */
export class OutDirError extends BuildError {
  override readonly name = 'OutDirError'
}

/**
 * Calls `work` with an empty folder in `outDir`, and deletes it when `work` is done, has failed, or the process ends. Deletes
 * `outDir`, too, if `work` failed and it is there only because of this. Rejects as `work` does.
 */
export async function withWorkFolder<Result>(
  outDir: string,
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const { folder, firstMade } = await makeFolders(outDir)
  const deleteAtExit = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', deleteAtExit)
  let done = false
  try {
    const result = await work(folder)
    done = true
    return result
  } finally {
    await rm(folder, { recursive: true, force: true })
    process.removeListener('exit', deleteAtExit)
    if (!done && firstMade !== undefined) {
      // Not recursively: another build may have put something there.
      await rmdir(outDir).catch(() => {})
    }
  }
}

async function makeFolders(outDir: string) {
  try {
    const firstMade = await mkdir(outDir, { recursive: true })
    return { folder: await mkdtemp(join(outDir, '.lambdabin-')), firstMade }
  } catch (error) {
    throw new OutDirError(
      `--out-dir expects a folder that can be written to, and ${outDir} is none; give another with --out-dir`,
      { cause: error },
    )
  }
}
