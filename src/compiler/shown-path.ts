/** How a file is named to the user. */
import { isAbsolute, relative } from 'node:path'
import process from 'node:process'

/** `file`, an absolute path, as seen from the working directory if it is below that: as the user may have given it. */
export function shownPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path === '' || path.startsWith('..') || isAbsolute(path) ? file : path
}
