/** The machine's own Node.js: what a user's shell finds, and not the pinned one that `npm test` puts in front. */

import { existsSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import process from 'node:process'

export function hostNode(): string {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((file) => existsSync(file))
  return realpathSync(found ?? process.execPath)
}
