/** A folder for one invocation, or one local Lambda, in the system's folder for such. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { deleteAbandoned, ownFolder } from '../compiler/abandoned-folders.ts'
import { onAbandon } from '../compiler/unfinished-work.ts'
import { makeTemporaryFolder } from '../sandbox/temporary-folder.ts'

const PREFIX = 'lambdabin-'

/** The caller's to delete. Throws a TemporaryFolderError. Those of processes that were killed are deleted now: each may hold an unpacked package. */
export function temporaryFolder(): string {
  deleteAbandoned(tmpdir(), PREFIX)
  const folder = makeTemporaryFolder(PREFIX)
  ownFolder(folder)
  return folder
}

/** Deletes such a folder, into which a process that is ending may still write. */
export function deleteTemporaryFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** Calls `work` with such a folder, and deletes it when `work` is done, has failed, or is abandoned. Rejects as `work` does. */
export async function withTemporaryFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = temporaryFolder()
  const forget = onAbandon(() => deleteTemporaryFolder(folder))
  try {
    return await work(folder)
  } finally {
    deleteTemporaryFolder(folder)
    forget()
  }
}
