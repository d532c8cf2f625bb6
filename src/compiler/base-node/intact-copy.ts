/** Whether the copy of a Node.js binary in the cache is as it was made: it is run, and goes into executables. */
import { hash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Beside the copy. */
const DIGEST = 'node.sha256'

/** `bytes` are those of the copy in `folder`. */
export async function writeDigest(folder: string, bytes: Buffer): Promise<void> {
  await writeFile(join(folder, DIGEST), hash('sha256', bytes))
}

/** Those that this process has looked at, or is looking at. */
const intact = new Map<string, Promise<boolean>>()

/** Whether the binary in the folder `copy` is as it was made. */
export async function isIntact(copy: string): Promise<boolean> {
  const looking = intact.get(copy) ?? hasDigest(copy)
  intact.set(copy, looking)
  const found = await looking
  if (!found) {
    intact.delete(copy)
  }
  return found
}

async function hasDigest(copy: string): Promise<boolean> {
  const read = [readFile(join(copy, 'node')), readFile(join(copy, DIGEST), 'utf8')] as const
  const [bytes, digest] = await Promise.all(read).catch(() => [])
  return bytes !== undefined && hash('sha256', bytes) === digest
}
