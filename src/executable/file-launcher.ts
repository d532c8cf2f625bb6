/**
 * Starts a program whose scripts are files instead of an executable's assets: under a plain Node.js, for `serve --watch`.
 *
 *     node file-launcher.cjs PROGRAM
 *
 * PROGRAM is the file that has started this, as an executable's function is named for. The runtime is beside this file, the
 * function in the task root.
 */

import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CONNECT, PRIME, RUNTIME, THREAD_LAUNCHER_ASSET } from './format.ts'
import { startProgram } from './program-loader.ts'

const [, launcher = '', startedAs = ''] = process.argv
const ownFolder = dirname(launcher)
const taskRoot = process.env.LAMBDA_TASK_ROOT as string

startProgram({ name: basename(startedAs), readAsset, taskRoot, requireBuiltin: require })

function readAsset(name: string): Uint8Array | undefined {
  // A file of this name would be the author's.
  if (name.startsWith(`${PRIME}.`) || name.startsWith(`${CONNECT}.`) || name === THREAD_LAUNCHER_ASSET) {
    return undefined
  }
  try {
    return readFileSync(join(name.startsWith(`${RUNTIME}.`) ? ownFolder : taskRoot, name))
  } catch {
    return undefined
  }
}
