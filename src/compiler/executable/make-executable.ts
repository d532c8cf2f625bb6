/** Compiles bundles and a Node.js binary into one executable: of a template that pkg made, or by pkg. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import { actAsNode } from '../children/act-as-node.ts'
import { executableOfTemplate } from './executable-template.ts'
import { type ExecutableParts, runPkg } from './run-pkg.ts'

export interface MadeExecutable {
  readonly bytes: Buffer
  /** What makes it start slower than it might, or what it cannot do, in one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Makes an executable of `base`. `folder` is not there yet, and for what comes in between. Rejects with an ExecutableError.
 */
export async function makeExecutable(
  parts: ExecutableParts,
  base: BaseNode,
  folder: string,
): Promise<MadeExecutable> {
  const { bytes, notes } = await makeRuntime(parts, base, folder)
  const changed = actAsNode(bytes, base.path)
  return { bytes: changed.bytes, notes: changed.note === undefined ? notes : [...notes, changed.note] }
}

/** An executable that is its function's runtime, whoever starts it. */
async function makeRuntime(parts: ExecutableParts, base: BaseNode, folder: string): Promise<MadeExecutable> {
  // A snapshot is the main script's, and of this function.
  const bytes = parts.snapshot
    ? undefined
    : await executableOfTemplate(parts.main, parts.assets, base, folder)
  if (bytes !== undefined) {
    return { bytes, notes: [] }
  }
  const output = join(folder, 'executable')
  const notes = await runPkg(parts, base, output, join(folder, 'parts'))
  return { bytes: await readFile(output), notes }
}
