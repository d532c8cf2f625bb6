/** The files that budgets are written to. */
import { existsSync } from 'node:fs'
import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { BuildError } from '../../compiler/build-error.ts'

/** Rejects with a BuildError. */
export async function writeBudgetFile(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error) => {
    throw unwritableFile(file, error)
  })
}

/** Rejects as {@link writeBudgetFile} would, before anything is built; what is in `outDir` has a folder by then. */
export async function checkBudgetFile(file: string, outDir: string | undefined): Promise<void> {
  if (outDir !== undefined && file.startsWith(outDir + sep)) {
    return
  }
  await access(existsSync(file) ? file : dirname(file), constants.W_OK).catch((error) => {
    throw unwritableFile(file, error)
  })
}

export function unwritableFile(file: string, cause: unknown): BuildError {
  return new BuildError(
    `the build expects to write to the file ${file}, and cannot; look whether its folder is there, and whose it is`,
    { cause },
  )
}
