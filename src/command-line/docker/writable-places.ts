/** What a build in a container writes to: the output folder, and single files elsewhere, which have to be there to be mounted. */
import { chownSync, closeSync, openSync, rmdirSync, rmSync, statSync } from 'node:fs'
import process from 'node:process'
import { makeFolder } from '../../../bin/make-folder.js'
import { unwritableFile } from '../../api/budget/budget-files.ts'
import { OutDirError } from '../../compiler/work-folder.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { isInside } from './project-folders.ts'

export interface WritablePlaces {
  /** Absolute path. */
  readonly outDir: string
  /** Absolute paths of those that are not in `outDir`. */
  readonly files: readonly string[]
  /** Deletes what was made and not written to. */
  readonly removeEmpty: () => void
}

/** Throws a UsageError where the project in `cwd` could be written to with the output folder. */
export function checkOutDir(outDir: string, cwd: string): void {
  if (isInside(cwd, outDir) && outDir !== cwd) {
    throw new UsageError(
      `--docker expects an --out-dir that does not hold the project, and got ${outDir}; give a folder in it, or beside it`,
    )
  }
}

/** Makes what is not there of `outDir` and `files`. Rejects with a BuildError. */
export async function makeWritablePlaces(outDir: string, files: readonly string[]): Promise<WritablePlaces> {
  const isOutDirMade = await makeOutDir(outDir)
  const made: string[] = []
  const removeEmpty = () => {
    for (const file of made) {
      deleteEmptyFile(file)
    }
    if (isOutDirMade) {
      deleteEmptyFolder(outDir)
    }
  }
  const others = files.filter((file) => !isInside(file, outDir))
  try {
    for (const file of others) {
      if (makeFile(file, outDir)) {
        made.push(file)
      }
    }
  } catch (error) {
    removeEmpty()
    throw error
  }
  return { outDir, files: others, removeEmpty }
}

/** Whether it was not there. Docker would make it, but as root's. */
async function makeOutDir(folder: string): Promise<boolean> {
  try {
    return (await makeFolder(folder)) !== undefined
  } catch (error) {
    throw new OutDirError(
      `--out-dir expects a folder that can be written to, and ${folder} is none; give another with --out-dir`,
      { cause: error },
    )
  }
}

/** Whether it was not there. Docker would make a folder in its place. */
function makeFile(file: string, outDir: string): boolean {
  try {
    const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
    closeSync(openSync(file, 'a'))
    if (!isThere && process.getuid?.() === 0) {
      // The container becomes whoever owns the output folder.
      const { uid, gid } = statSync(outDir)
      chownSync(file, uid, gid)
    }
    return !isThere
  } catch (error) {
    throw unwritableFile(file, error)
  }
}

function deleteEmptyFile(file: string): void {
  if (statSync(file, { throwIfNoEntry: false })?.size === 0) {
    rmSync(file, { force: true })
  }
}

function deleteEmptyFolder(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It has what was built, or somebody else's files.
  }
}
