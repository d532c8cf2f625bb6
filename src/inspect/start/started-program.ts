/** What a start runs: of the package itself, or of the layer that its function is for. */
import { join } from 'node:path'
import { bootstrapFolder } from '../../emulator/code/bootstrap-folder.ts'
import { LAYER_RUNTIME } from '../../executable/format.ts'
import type { InspectedContents } from '../package/inspection.ts'

/** Absolute paths. */
export interface StartedProgram {
  /** What Lambda starts. */
  readonly bootstrap: string
  /** What that becomes. */
  readonly executable: string
}

/** The name of the executable at the package's top; undefined for a layer, and for a function whose executable is in one. */
export function ownExecutable({ parts }: InspectedContents): string | undefined {
  return [...parts.executables.keys()].find((name) => name !== LAYER_RUNTIME)
}

/** `layersFolder` is what is at `/opt`. */
export function startedProgram(
  contents: InspectedContents,
  handler: string,
  layersFolder: string,
): StartedProgram {
  const { folder } = contents.opened
  const home = bootstrapFolder(folder, layersFolder) ?? layersFolder
  const [name = ''] = handler.split('.', 1)
  const executable = ownExecutable(contents) === undefined ? join(home, LAYER_RUNTIME) : join(folder, name)
  return { bootstrap: join(home, 'bootstrap'), executable }
}
