import { UsageError, usageErrorFor } from '../configuration/usage-error.ts'
import { bootstrapFolder } from '../emulator/code/bootstrap-folder.ts'
import {
  type DeploymentPackage,
  layeredFunctions,
  openDeploymentPackage,
} from '../emulator/code/deployment-package.ts'
import { DeploymentPackageError } from '../emulator/code/deployment-package-error.ts'
import { checkPrograms } from '../emulator/code/foreign-program.ts'

/** Opens a deployment package that the command line names; `layersFolder` has what is at `/opt`. Rejects with a UsageError when Lambda could not run it. */
export async function openGivenPackage(
  path: string,
  workFolder: string,
  layersFolder?: string,
): Promise<DeploymentPackage> {
  try {
    const opened = await openDeploymentPackage(path, workFolder, layersFolder)
    await checkLayer(path, opened, layersFolder)
    await checkPrograms(path, opened, layersFolder)
    return opened
  } catch (error) {
    throw usageErrorFor(error, DeploymentPackageError)
  }
}

/** Rejects with a UsageError for a function that is to run with a layer, and has none. */
export async function checkLayer(
  path: string,
  opened: DeploymentPackage,
  layersFolder: string | undefined,
): Promise<void> {
  if (bootstrapFolder(opened.folder, layersFolder) !== undefined) {
    return
  }
  const [name] = await layeredFunctions(opened)
  if (name !== undefined) {
    throw new UsageError(
      `${name} in ${path} is built for a layer, and no layer with a runtime was given; make one with lambdabin layer, and give it with --layer`,
    )
  }
}
