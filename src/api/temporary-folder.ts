/** A folder for one invocation, or one local Lambda, in the system's folder for such. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deleteAbandoned, ownFolder } from '../compiler/abandoned-folders.ts'

const PREFIX = 'lambdabin-'

/** The caller's to delete. Those of processes that were killed are deleted now: each may hold an unpacked package. */
export function temporaryFolder(): string {
  deleteAbandoned(tmpdir(), PREFIX)
  const folder = mkdtempSync(join(tmpdir(), PREFIX))
  ownFolder(folder)
  return folder
}
