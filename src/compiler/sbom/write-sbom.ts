/** The software bill of materials of a deployment package, beside its zip: see {@link ./cyclonedx.ts}. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { BaseNode } from '../base-node/base-node.ts'
import { OWN_FOLDER } from '../source-files.ts'
import { readJson } from '../text/byte-order-mark.ts'
import { UNDICI_FOLDER } from '../third-party.ts'
import { findContainedPackages, type PackageContents } from './contained-packages.ts'
import { renderBom } from './cyclonedx.ts'
import { readLockedPackages } from './lock-file.ts'
import { nodePartsOf } from './node-parts.ts'

export interface SbomSource extends PackageContents {
  readonly name: string
  /** Absolute path. */
  readonly entry: string
  readonly base: BaseNode
  /** Absolute path of the zip. */
  readonly zip: string
}

/** Writes it to `file`. */
export async function writeSbom(source: SbomSource, file: string): Promise<void> {
  const { name, base, zip, entry } = source
  const [contained, locked, nodeParts, own, lambdabin, undici, zipSha256] = await Promise.all([
    findContainedPackages(source),
    readLockedPackages(dirname(entry)),
    nodePartsOf(base),
    projectManifest(dirname(entry)),
    readManifest(OWN_FOLDER),
    readManifest(UNDICI_FOLDER),
    sha256(zip),
  ])
  const text = renderBom({
    name,
    version: own?.version,
    zipSha256,
    nodeVersion: base.version,
    nodeParts,
    contained,
    locked,
    runtime: { lambdabin, undici },
  })
  await writeFile(file, text)
}

async function readManifest(folder: string) {
  return readJson(join(folder, 'package.json'))
}

/** That of the nearest folder that has one. */
async function projectManifest(folder: string): Promise<{ version?: string } | undefined> {
  const found = await readManifest(folder).catch(() => undefined)
  const parent = dirname(folder)
  return found !== undefined || parent === folder ? found : projectManifest(parent)
}

async function sha256(file: string): Promise<Buffer> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest()
}
