/** What package managers write of the versions that they have installed. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const LOCK_FILES = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
] as const

/** Paths of those in `folder` and above it: the nearest ones. */
export function findLockFiles(folder: string): string[] {
  for (let at = folder; ; at = dirname(at)) {
    const found = LOCK_FILES.map((name) => join(at, name)).filter((file) => existsSync(file))
    if (found.length > 0 || dirname(at) === at) {
      return found
    }
  }
}
