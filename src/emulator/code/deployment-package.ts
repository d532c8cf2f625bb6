/**
 * A deployment package as a folder that can be a task root: a zip unpacked, or a folder as it is.
 *
 * A folder is used in place, not copied: on Lambda nothing writes to the task root, and a copy of a hundred megabytes
 * at each start would be felt.
 */

import { constants, type Stats } from 'node:fs'
import { access, mkdtemp, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { FUNCTION, LAYER_RUNTIME, scriptAsset } from '../../executable/format.ts'
import { noexecMount } from '../../sandbox/noexec-mount.ts'
import { bootstrapFolder } from './bootstrap-folder.ts'
import { DeploymentPackageError } from './deployment-package-error.ts'
import { unpackZip } from './zip-unpacking.ts'

export interface DeploymentPackage {
  /** Absolute. */
  folder: string
  /** The zip's name without `.zip`, or the folder's name. */
  name: string
}

/**
 * Rejects with a DeploymentPackageError when Lambda could not run what is at `path`. A zip is unpacked into a new folder
 * in `workFolder`, which is the caller's to delete. `layersFolder` has what is at `/opt`, where there are layers: `bootstrap` may be
 * there instead.
 */
export async function openDeploymentPackage(
  path: string,
  workFolder: string,
  layersFolder?: string,
): Promise<DeploymentPackage> {
  const stats = await existing(path)
  const opened = stats.isDirectory() ? inPlace(path) : await unpacked(path, workFolder)
  if (!(await isOfLayer(opened, layersFolder))) {
    await checkBootstrap(path, opened.folder)
  }
  return opened
}

/** Whether the package has no bootstrap, because that is to be a layer's. */
async function isOfLayer(opened: DeploymentPackage, layersFolder: string | undefined): Promise<boolean> {
  const found = bootstrapFolder(opened.folder, layersFolder)
  return found === undefined ? (await layeredFunctions(opened)).length > 0 : found !== opened.folder
}

/** The names of the functions in it whose runtime is in a layer: folders with the file `function.js`, sorted. */
export async function layeredFunctions({ folder }: DeploymentPackage): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  const scripts = await Promise.all(names.map((name) => isFile(join(folder, name, scriptAsset(FUNCTION)))))
  return names.filter((_, index) => scripts[index]).sort()
}

/** The names of the executables at the top of the package, but for `bootstrap`, sorted. */
export async function executables({ folder }: DeploymentPackage): Promise<string[]> {
  const names: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    if (name !== 'bootstrap' && (await isExecutable(join(folder, name)))) {
      names.push(name)
    }
  }
  return names
}

/** Whether it is no function's, but what `lambdabin layer` makes. */
export async function isRuntimeLayer({ folder }: DeploymentPackage): Promise<boolean> {
  return isFile(join(folder, LAYER_RUNTIME))
}

async function existing(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    const message = `expected a deployment package, a zip or a folder, but cannot read ${path}; build one first with: lambdabin build`
    throw new DeploymentPackageError(message, { cause: error })
  }
}

function inPlace(path: string): DeploymentPackage {
  const folder = resolve(path)
  return { folder, name: basename(folder) }
}

async function unpacked(path: string, workFolder: string): Promise<DeploymentPackage> {
  const folder = await mkdtemp(join(workFolder, 'task-'))
  await unpackZip(path, folder)
  return { folder, name: basename(path).replace(/\.zip$/i, '') }
}

async function checkBootstrap(path: string, folder: string): Promise<void> {
  const bootstrap = join(folder, 'bootstrap')
  const stats = await stat(bootstrap).catch(() => undefined)
  if (stats === undefined || !stats.isFile()) {
    throw new DeploymentPackageError(
      `expected a file named bootstrap at the top of ${path}, but there is none; ` +
        'zip the files themselves, not their folder, or use lambdabin build',
    )
  }
  if (!(await isExecutable(bootstrap))) {
    const mount = (stats.mode & 0o111) === 0 ? undefined : noexecMount(resolve(bootstrap))
    if (mount !== undefined) {
      throw new DeploymentPackageError(
        `expected to run bootstrap of ${path}, but in ${mount} no program can be run, since it is mounted with noexec; ` +
          (folder === resolve(path)
            ? 'copy the folder elsewhere'
            : 'set TMPDIR to a folder elsewhere, and --state for serve'),
      )
    }
    throw new DeploymentPackageError(
      `expected bootstrap in ${path} to be executable, but its mode is ${octal(stats.mode)}; ` +
        'set it with chmod 755 and zip it again, or use lambdabin build',
    )
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  )
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}
