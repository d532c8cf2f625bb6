/** Which executable of a deployment package to run, and under which name, when the command does not say. */

import { join } from 'node:path'
import { UsageError } from '../configuration/usage-error.ts'
import {
  type DeploymentPackage,
  executables,
  isRuntimeLayer,
  layeredFunctions,
} from '../emulator/code/deployment-package.ts'
import { recordedHandlers } from '../inspect/start/recorded-handlers.ts'

/**
 * The executable that is called like the package, else the only one there is; and its export, where it has exactly one handler
 * and that is not what the plain name means.
 */
export async function defaultHandler(deploymentPackage: DeploymentPackage): Promise<string> {
  const name = await defaultExecutable(deploymentPackage)
  return onlyHandler(name, await handlersOf(deploymentPackage, name))
}

/** What runs a function whose handlers are these, if it is not said which: its name, or the only one. */
export function onlyHandler(name: string, handlers: readonly string[] = [name]): string {
  const [only = name, ...others] = handlers
  return others.length === 0 ? only : name
}

/** What the handler setting can be for an executable of the package; undefined where its build has not told. */
export function handlersOf(
  { folder }: DeploymentPackage,
  executable: string,
): Promise<readonly string[] | undefined> {
  return recordedHandlers(join(folder, executable))
}

/** The executable that is called like the package, else the only one there is. */
export async function defaultExecutable(deploymentPackage: DeploymentPackage): Promise<string> {
  const names = [...(await executables(deploymentPackage)), ...(await layeredFunctions(deploymentPackage))]
  if (names.includes(deploymentPackage.name)) {
    return deploymentPackage.name
  }
  const [only, ...others] = names
  if (only === undefined && (await isRuntimeLayer(deploymentPackage))) {
    throw new UsageError(
      `expected the deployment package of a function, and ${deploymentPackage.name} is a runtime layer; ` +
        'invoke a function that was built with --for-layer, and give this with --layer',
    )
  }
  if (only === undefined) {
    throw new UsageError(
      'expected an executable beside bootstrap in the deployment package, but there is none; ' +
        'set its mode with chmod 755, or build the package with: lambdabin build',
    )
  }
  if (others.length > 0) {
    throw new UsageError(
      `expected one executable beside bootstrap in the deployment package, but there are ${names.join(', ')}; ` +
        'say which with --handler NAME',
    )
  }
  return only
}

/** As one would name the function on Lambda, which takes letters, digits, hyphens and underscores. */
export function defaultFunctionName(handler: string): string {
  const [stem = ''] = handler.split('.', 1)
  return stem.replace(/[^a-zA-Z0-9_-]+/g, '-') || 'function'
}
