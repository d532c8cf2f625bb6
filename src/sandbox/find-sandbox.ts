/** Which way of showing a function its environment works here. */

import { moduleConfinement } from './module-confinement.ts'
import { findMountNamespace } from './mount-namespace.ts'
import type { Sandbox } from './sandbox.ts'

/** For who has to do without namespaces, and for tests. */
const WITHOUT_NAMESPACES = 'modules'

/** Finds out by trying, in `workFolder`. */
export function findSandbox(workFolder: string, choice = process.env.LAMBDABIN_SANDBOX): Sandbox {
  const namespace = choice === WITHOUT_NAMESPACES ? undefined : findMountNamespace(workFolder)
  return namespace ?? moduleConfinement
}
