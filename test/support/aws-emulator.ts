/** AWS's own emulator of the Runtime API, which Go builds from its module, once, into the cache folder. */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../../bin/pinned-node.js'

const VERSION = 'v0.0.0-20261030222936-bef5c4ba774d'
const PROGRAM = 'aws-lambda-rie'
const MODULE = 'github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie'

/** The emulator's path; or why there is none, in a sentence. */
export function findAwsEmulator(): { path: string } | { missing: string } {
  const folder = join(cacheFolder(), `${PROGRAM}-${VERSION}`)
  const path = join(folder, PROGRAM)
  if (existsSync(path)) {
    return { path }
  }
  try {
    const env = { ...process.env, GOBIN: folder }
    execFileSync('go', ['install', `${MODULE}@${VERSION}`], { env, stdio: 'ignore', timeout: 300_000 })
    return { path }
  } catch {
    return {
      missing:
        'AWS’s emulator is not here, and Go, which would build it, is not installed, or has not got its module',
    }
  }
}

/**
 * Why its mode for several invocations at once cannot be tried here; false where it can. It starts `/var/task/bootstrap` and no other,
 * so the package has to be mounted there.
 */
export function cannotMount(): string | false {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/var'], { stdio: 'ignore' })
    return false
  } catch {
    return 'a mount namespace may not be made here'
  }
}
