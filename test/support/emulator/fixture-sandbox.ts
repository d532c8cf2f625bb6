/**
 * The sandbox for packages of `fixture-package.ts`, which run files of this checkout: where that lies in a folder that a
 * sandbox of its own paths hides, there is the other one only.
 */

import { fileURLToPath } from 'node:url'
import { findSandbox } from '../../../src/sandbox/find-sandbox.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'

const isHidden = /^\/(tmp|var|opt)\//.test(fileURLToPath(import.meta.url))

/** For `LAMBDABIN_SANDBOX`. */
export const FIXTURE_SANDBOX = isHidden ? 'modules' : (process.env.LAMBDABIN_SANDBOX ?? '')

export function fixtureSandbox(workFolder: string): Sandbox {
  return findSandbox(workFolder, FIXTURE_SANDBOX)
}
