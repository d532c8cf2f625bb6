/** A deployment package that came as a zip: checked, unpacked, and kept beside its zip in one folder. */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CodeDescription } from '../functions/function-configuration.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import { openDeploymentPackage } from './deployment-package.ts'
import { DeploymentPackageError } from './deployment-package-error.ts'
import type { FunctionCode, ReadyCode } from './function-code.ts'

const ZIP = 'package.zip'
const TASK = 'task'

export class PackageCode implements FunctionCode {
  readonly folder: string
  readonly description: CodeDescription
  readonly #prepared: ReadyCode

  constructor(folder: string, description: CodeDescription) {
    this.folder = folder
    this.description = description
    this.#prepared = { kind: 'ready', taskRoot: join(folder, TASK) }
  }

  /** Rejects with an InvalidParameterValueException when Lambda could not run the package, and leaves nothing behind. */
  static async unpack(zip: Uint8Array, workFolder: string): Promise<PackageCode> {
    const folder = await mkdtemp(join(workFolder, 'package-'))
    try {
      const path = join(folder, ZIP)
      await writeFile(path, zip)
      const unpacked = await unpack(path, folder)
      await rename(unpacked, join(folder, TASK))
      return new PackageCode(folder, describe(zip))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  get zip(): string {
    return join(this.folder, ZIP)
  }

  /** The same package, in another folder of the same disk. */
  async moveTo(folder: string): Promise<PackageCode> {
    await mkdir(join(folder, '..'), { recursive: true })
    await rename(this.folder, folder)
    return new PackageCode(folder, this.description)
  }

  prepare(): ReadyCode {
    return this.#prepared
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function unpack(path: string, folder: string): Promise<string> {
  try {
    return (await openDeploymentPackage(path, folder)).folder
  } catch (error) {
    if (error instanceof DeploymentPackageError) {
      const message = error.message.replaceAll(path, 'the uploaded zip')
      throw new InvalidParameterValueException(
        `Could not unzip uploaded file, or not run what is in it: ${message}`,
        error,
      )
    }
    throw error
  }
}

function describe(zip: Uint8Array): CodeDescription {
  return { codeSha256: createHash('sha256').update(zip).digest('base64'), codeSize: zip.byteLength }
}
