/** A deployment package that Lambda would refuse or could not run. The message is one sentence for its author. */
export class DeploymentPackageError extends Error {
  override name = 'DeploymentPackageError'
}
