/** Layers as one folder, what `/opt` shows: of files of the same name, that of the last layer counts. */

import { createHash } from 'node:crypto'
import {
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import { DeploymentPackageError } from '../code/deployment-package-error.ts'
import { unpackZip } from '../code/zip-unpacking.ts'

/** Lambda's limit. */
const MAX_LAYERS = 5

/** A zip or a folder, as a folder. Rejects with a DeploymentPackageError. */
export async function openLayer(path: string, workFolder: string): Promise<string> {
  const stats = await stat(path).catch((error) => {
    throw new DeploymentPackageError(
      `expected a layer, a zip or a folder, but cannot read ${path}; check the path`,
      {
        cause: error,
      },
    )
  })
  if (stats.isDirectory()) {
    return path
  }
  const folder = await mkdtemp(join(workFolder, 'layer-'))
  await unpackZip(path, folder)
  return folder
}

/** The folder of one layer itself, or one that is made in `workFolder`; undefined for none. */
export async function mergeLayers(
  folders: readonly string[],
  workFolder: string,
): Promise<string | undefined> {
  if (folders.length > MAX_LAYERS) {
    throw new DeploymentPackageError(
      `expected ${MAX_LAYERS} layers at most, as Lambda does, but got ${folders.length}; merge some`,
    )
  }
  if (folders.length < 2) {
    return folders[0]
  }
  const name = createHash('sha256').update(folders.join('\n')).digest('hex').slice(0, 32)
  const merged = join(workFolder, `layers-${name}`)
  if (await exists(merged)) {
    return merged
  }
  const unfinished = await mkdtemp(`${merged}-`)
  for (const folder of folders) {
    await merge(folder, unfinished)
  }
  await rename(unfinished, merged).catch(async (error) => {
    // Another request has been quicker.
    if (!(await exists(merged))) {
      throw error
    }
    await rm(unfinished, { recursive: true, force: true })
  })
  return merged
}

/** Files are linked where they can be: a layer may be large. */
async function merge(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true })
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = join(source, entry.name)
    const to = join(target, entry.name)
    if (entry.isDirectory()) {
      await merge(from, to)
      continue
    }
    await rm(to, { recursive: true, force: true })
    if (entry.isSymbolicLink()) {
      await symlink(await readlink(from), to)
    } else {
      await link(from, to).catch(() => copyFile(from, to))
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
