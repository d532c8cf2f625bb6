/** Where Lambda finds the program that it starts. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The folder whose `bootstrap` is started: the package's, or else that of the layers; undefined where neither has one. */
export function bootstrapFolder(taskRoot: string, layersFolder: string | undefined): string | undefined {
  return [taskRoot, layersFolder].find(
    (folder) => folder !== undefined && existsSync(join(folder, 'bootstrap')),
  )
}
