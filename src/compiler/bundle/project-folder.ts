/** The folder that paths in a bundle and in its source map are told relative to. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The nearest folder upwards from the file `entry` with a package.json, else the entry's own. */
export function projectFolder(entry: string): string {
  const own = dirname(entry)
  let folder = own
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) {
      return own
    }
    folder = parent
  }
  return folder
}
