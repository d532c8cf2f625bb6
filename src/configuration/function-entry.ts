/** The file of a function that somebody names: that it is one, and what the function is called. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import { UsageError, usageErrorFor } from './usage-error.ts'

export interface FunctionEntry {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
}

export interface EntryPlace {
  /** Where it was named, as in ` after --watch`. */
  readonly place?: string
  /** The name that was given for it. */
  readonly name?: string | undefined
  /** What a relative path starts at. */
  readonly folder?: string
}

/** The function whose entry is at `path`. Rejects with a {@link UsageError}. */
export async function readFunctionEntry(
  path: string,
  { place = '', name, folder = process.cwd() }: EntryPlace = {},
): Promise<FunctionEntry> {
  const entry = resolve(folder, path)
  const function_ = { entry, name: nameOf(path, name, folder) }
  const file = await stat(entry).catch((cause) => {
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

function nameOf(path: string, given: string | undefined, folder: string): string {
  try {
    return functionName(path, { given, folder })
  } catch (error) {
    throw usageErrorFor(error, FunctionNameError)
  }
}
