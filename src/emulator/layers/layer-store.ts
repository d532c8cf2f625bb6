/**
 * The layers of the account, in a folder: `<folder>/<name>/<version>/` with `layer.json`, the zip and what was in it. A
 * version is never changed; `layer.json` is written last, and what has none is deleted at the start.
 */

import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomically } from '../atomic-file.ts'
import { DeploymentPackageError } from '../code/deployment-package-error.ts'
import { unpackZip } from '../code/zip-unpacking.ts'
import type { PolicyDocument } from '../functions/function-configuration.ts'
import { InvalidParameterValueException, ResourceNotFoundException } from '../lambda-error.ts'
import { mergeLayers } from './merged-layers.ts'

/** Names are the Lambda API's. */
export interface LayerDescription {
  name: string
  version: number
  description: string
  /** ISO 8601, with the offset written as Lambda does. */
  createdDate: string
  compatibleRuntimes: readonly string[]
  compatibleArchitectures: readonly string[]
  licenseInfo: string | undefined
  codeSha256: string
  codeSize: number
  policy?: PolicyDocument | undefined
}

export type NewLayer = Omit<LayerDescription, 'version' | 'codeSha256' | 'codeSize' | 'policy'>

const DOCUMENT = 'layer.json'
const ZIP = 'layer.zip'
const CONTENT = 'content'
const NAME = /^[a-zA-Z0-9_-]{1,140}$/
const ARN = /^arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:([a-zA-Z0-9_-]{1,140}):(\d+)$/

export class LayerStore {
  readonly #folder: string
  readonly #workFolder: string
  readonly #arnPrefix: string
  readonly #layers = new Map<string, Map<number, LayerDescription>>()
  /** Of each layer the highest number that was ever given. */
  readonly #lastVersions = new Map<string, number>()

  private constructor(folder: string, workFolder: string, arnPrefix: string) {
    this.#folder = folder
    this.#workFolder = workFolder
    this.#arnPrefix = arnPrefix
  }

  /** `arnPrefix` is all of a layer's ARN before its name. */
  static async open(
    folder: string,
    workFolder: string,
    arnPrefix: string,
    onProblem: (message: string) => void,
  ): Promise<LayerStore> {
    const store = new LayerStore(folder, workFolder, arnPrefix)
    await mkdir(folder, { recursive: true })
    for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry)).sort()) {
      for (const version of (await readdir(join(folder, name))).filter((entry) => /^\d+$/.test(entry))) {
        await store.#load(name, Number(version), onProblem)
      }
    }
    return store
  }

  /** The latest version of each layer, by name. */
  get latest(): LayerDescription[] {
    return [...this.#layers.keys()].sort().flatMap((name) => this.versions(name).slice(0, 1))
  }

  /** The newest first. */
  versions(name: string): LayerDescription[] {
    return [...(this.#layers.get(name)?.values() ?? [])].sort((left, right) => right.version - left.version)
  }

  arn({ name }: Pick<LayerDescription, 'name'>): string {
    return `${this.#arnPrefix}${name}`
  }

  versionArn(layer: Pick<LayerDescription, 'name' | 'version'>): string {
    return `${this.arn(layer)}:${layer.version}`
  }

  zip({ name, version }: LayerDescription): string {
    return join(this.#folder, name, String(version), ZIP)
  }

  /** Throws a ResourceNotFoundException. */
  find(name: string, version: number): LayerDescription {
    const found = this.#layers.get(name)?.get(version)
    if (found === undefined) {
      throw new ResourceNotFoundException('The resource you requested does not exist.')
    }
    return found
  }

  /** Throws an InvalidParameterValueException for what is no layer version here. */
  byArn(arn: string): LayerDescription {
    const [, , , name = '', version] = ARN.exec(arn) ?? []
    const found = this.#layers.get(name)?.get(Number(version))
    if (found === undefined || this.versionArn(found) !== arn) {
      throw new InvalidParameterValueException(`Layer version ${arn} does not exist.`)
    }
    return found
  }

  async publish(layer: NewLayer, zip: Uint8Array): Promise<LayerDescription> {
    const version = (this.#lastVersions.get(layer.name) ?? 0) + 1
    this.#lastVersions.set(layer.name, version)
    const folder = await mkdtemp(join(this.#workFolder, 'layer-'))
    await writeFile(join(folder, ZIP), zip)
    try {
      await mkdir(join(folder, CONTENT))
      await unpackZip(join(folder, ZIP), join(folder, CONTENT))
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error instanceof DeploymentPackageError
        ? new InvalidParameterValueException(
            `Could not unzip uploaded file. Please check your file, then try to upload again: ${error.message.replaceAll(join(folder, ZIP), 'the uploaded zip')}`,
            error,
          )
        : error
    }
    await mkdir(join(this.#folder, layer.name), { recursive: true })
    await rename(folder, join(this.#folder, layer.name, String(version)))
    const codeSha256 = createHash('sha256').update(zip).digest('base64')
    return await this.save({ ...layer, version, codeSha256, codeSize: zip.byteLength })
  }

  /** Keeps a description that has changed. */
  async save(description: LayerDescription): Promise<LayerDescription> {
    const { name, version } = description
    await writeAtomically(
      join(this.#folder, name, String(version), DOCUMENT),
      `${JSON.stringify(description, undefined, 2)}\n`,
    )
    this.#add(description)
    return description
  }

  /** Functions that have it keep it until the emulator ends, as on Lambda they keep it for good. */
  async delete(name: string, version: number): Promise<void> {
    if (this.#layers.get(name)?.delete(version)) {
      await rm(join(this.#folder, name, String(version), DOCUMENT), { force: true })
    }
  }

  /** What layers of these ARNs hold, merged; undefined for none. */
  async merged(arns: readonly string[]): Promise<string | undefined> {
    const folders = arns.map((arn) => {
      const [, , , name = '', version = ''] = ARN.exec(arn) ?? []
      return join(this.#folder, name, version, CONTENT)
    })
    return await mergeLayers(folders, this.#workFolder)
  }

  async #load(name: string, version: number, onProblem: (message: string) => void): Promise<void> {
    const folder = join(this.#folder, name, String(version))
    this.#lastVersions.set(name, Math.max(this.#lastVersions.get(name) ?? 0, version))
    const text = await readFile(join(folder, DOCUMENT), 'utf8').catch(() => undefined)
    if (text === undefined) {
      await rm(folder, { recursive: true, force: true })
      return
    }
    try {
      const description = JSON.parse(text) as LayerDescription
      if (description.name !== name || description.version !== version) {
        throw new Error('it is of another release of lambdabin')
      }
      this.#add(description)
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      onProblem(`cannot read the layer ${name} in ${folder} (${reason}); publish it again`)
    }
  }

  #add(description: LayerDescription): void {
    const versions = this.#layers.get(description.name) ?? new Map()
    versions.set(description.version, description)
    this.#layers.set(description.name, versions)
  }
}
