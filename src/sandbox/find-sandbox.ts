/** Which way of showing a function its environment works here. */

import { findIsolation } from './isolation.ts'
import { moduleConfinement } from './module-confinement.ts'
import { findMountNamespace } from './mount-namespace.ts'
import type { Sandbox } from './sandbox.ts'

/** For who has to do without namespaces, and for tests. */
const WITHOUT_NAMESPACES = 'modules'

/** For what a build runs: the strongest one that works. */
export function findBuildSandbox(workFolder: string, choice = process.env.LAMBDABIN_SANDBOX): Sandbox {
  const isolation =
    choice === WITHOUT_NAMESPACES || choice === 'mounts' ? undefined : findIsolation(workFolder)
  return isolation ?? findSandbox(workFolder, choice)
}

/** Finds out by trying, in `workFolder`. */
export function findSandbox(workFolder: string, choice = process.env.LAMBDABIN_SANDBOX): Sandbox {
  const namespace = choice === WITHOUT_NAMESPACES ? undefined : findMountNamespace(workFolder)
  return namespace ?? moduleConfinement
}
