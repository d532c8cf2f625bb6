/**
 * Makes a folder with those that it is in. Node.js's own way (`mkdir` with `recursive`) goes on for ever where a file system
 * says that the folder's parent is not there although it is, as /proc does.
 */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Resolves to the first folder that was made, undefined where all were there. Rejects with the system's error.
 *
 * @param {string} path
 * @returns {Promise<string | undefined>}
 */
export async function makeFolder(path) {
  const missing = []
  for (let at = resolve(path); !(await isFolder(at)); at = dirname(at)) {
    missing.unshift(at)
    if (at === dirname(at)) {
      break
    }
  }
  let first
  for (const folder of missing) {
    try {
      await mkdir(folder)
      first ??= folder
    } catch (error) {
      // Somebody else may have been quicker.
      if (!(await isFolder(folder))) {
        throw error
      }
    }
  }
  return first
}

/** @param {string} path */
async function isFolder(path) {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  )
}
