import { usageErrorFor } from '../configuration/usage-error.ts'
import { DeploymentPackageError } from '../emulator/code/deployment-package-error.ts'
import { mergeLayers, openLayer } from '../emulator/layers/merged-layers.ts'

/** The layers that the command line names, merged into a folder; undefined for none. Rejects with a UsageError. */
export async function openGivenLayers(
  paths: readonly string[],
  workFolder: string,
): Promise<string | undefined> {
  try {
    const folders = await Promise.all(paths.map((path) => openLayer(path, workFolder)))
    return await mergeLayers(folders, workFolder)
  } catch (error) {
    throw usageErrorFor(error, DeploymentPackageError)
  }
}
