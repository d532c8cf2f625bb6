import { UsageError } from '../configuration/usage-error.ts'
import { type DeploymentPackage, openDeploymentPackage } from '../emulator/code/deployment-package.ts'
import { DeploymentPackageError } from '../emulator/code/deployment-package-error.ts'
import { checkPrograms } from '../emulator/code/foreign-program.ts'

/** Opens a deployment package that the command line names. Rejects with a UsageError when Lambda could not run it. */
export async function openGivenPackage(path: string, workFolder: string): Promise<DeploymentPackage> {
  try {
    const opened = await openDeploymentPackage(path, workFolder)
    await checkPrograms(path, opened)
    return opened
  } catch (error) {
    if (error instanceof DeploymentPackageError) {
      throw new UsageError(error.message, { cause: error })
    }
    throw error
  }
}
