/** The file of a function that the command line names: that it is one, and what the function is called. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import { UsageError } from './usage-error.ts'

export interface FunctionEntry {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
}

/**
 * The function whose entry is at `path`. `place` says where on the command line that was named, as in ` after --watch`; `name`
 * is the one given for it, if any. Rejects with a UsageError.
 */
export async function readFunctionEntry(path: string, place = '', name?: string): Promise<FunctionEntry> {
  const function_ = { entry: resolve(path), name: nameOf(path, name) }
  const file = await stat(path).catch((cause) => {
    throw new UsageError(
      `expected the file of a function${place}, and ${path} cannot be read; check the path`,
      { cause },
    )
  })
  if (!file.isFile()) {
    throw new UsageError(
      `expected the file of a function${place}, and ${path} is not a file; name the file in it`,
    )
  }
  return function_
}

function nameOf(path: string, given: string | undefined): string {
  try {
    return functionName(path, given)
  } catch (error) {
    throw error instanceof FunctionNameError ? new UsageError(error.message, { cause: error }) : error
  }
}
