/**
 * Where the container has this computer's folders: at the same paths, so that what it says of files is true here, too.
 * Windows' `C:\shop\orders.ts` is `/c/shop/orders.ts` there.
 */
import { posix, win32 } from 'node:path'
import process from 'node:process'
import { UsageError } from '../../configuration/usage-error.ts'

/** The container's name for an absolute path of `platform`. Throws a UsageError for one that no container can have. */
export function containerPath(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') {
    return path
  }
  const [, drive, rest] = /^([a-z]):[\\/](.*)$/i.exec(path) ?? []
  if (drive === undefined || rest === undefined) {
    throw new UsageError(
      `--docker expects files on a drive with a letter, and got ${path}; give the network folder a letter, or copy the project`,
    )
  }
  return posix.normalize(`/${drive.toLowerCase()}/${rest.replaceAll('\\', '/')}`)
}

/** What an argument says of a path, for the container: a relative one stays so. */
export function containerArgument(path: string, platform: NodeJS.Platform = process.platform): string {
  if (platform !== 'win32') {
    return path
  }
  return win32.isAbsolute(path) ? containerPath(win32.resolve(path), platform) : path.replaceAll('\\', '/')
}

/** The inverse of {@link containerPath}. */
export function hostPath(path: string, platform: NodeJS.Platform = process.platform): string {
  const [, drive, rest] = /^\/([a-z])\/(.*)$/.exec(path) ?? []
  return platform === 'win32' && drive !== undefined && rest !== undefined
    ? `${drive.toUpperCase()}:\\${rest.replaceAll('/', '\\')}`
    : path
}
