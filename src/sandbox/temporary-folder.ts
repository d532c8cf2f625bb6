/** Folders in the system's folder for temporary files: that which TMPDIR names, else `/tmp`. */

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** There can be no temporary files: TMPDIR is to be set to another folder. */
export class TemporaryFolderError extends Error {
  override readonly name = 'TemporaryFolderError'
  /** The command line prints the message alone, without a stack. */
  readonly isMeantForUser = true
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is no folder',
  EACCES: 'is not yours to write to',
  EPERM: 'is not yours to write to',
  EROFS: 'is on a disk that cannot be written to',
}

/** Makes one whose name begins with `prefix`: the caller's to delete. Throws a {@link TemporaryFolderError}. */
export function makeTemporaryFolder(prefix: string, parent = tmpdir()): string {
  try {
    return mkdtempSync(join(parent, prefix))
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? '']
    if (reason === undefined) {
      throw error
    }
    throw new TemporaryFolderError(
      `TMPDIR should name a folder that can be written to, for temporary files, and ${parent} ${reason}; make it, or set TMPDIR to another`,
      { cause: error },
    )
  }
}
