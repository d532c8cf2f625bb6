/** Where the system runs no programs: below mounts with `noexec`, such as /tmp where a system was hardened, and Docker's `--tmpfs`. */
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { hostMounts, mountAt } from './mount-table.ts'

/** The target of the mount that an absolute path lies in, or its nearest folder that is there, if no program of it can be run. */
export function noexecMount(path: string): string | undefined {
  try {
    const mount = mountAt(realpathSync(path), hostMounts())
    return mount?.flags.includes('noexec') ? mount.target : undefined
  } catch {
    // There is no such file, or no /proc.
    return path === dirname(path) ? undefined : noexecMount(dirname(path))
  }
}
