/** Compiles bundles and a Node.js binary into one executable: of a template that pkg made, or by pkg. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import { actAsNode } from '../children/act-as-node.ts'
import { GatheredBytes } from '../elf/gathered-bytes.ts'
import { executableOfBlob, executableOfTemplate } from './executable-template.ts'
import { type ExecutableParts, runPkg, type SnapshotOptions } from './run-pkg.ts'
import { explainIdleCode, withoutIdleCode } from './snapshot-blob.ts'

export interface MadeExecutable {
  readonly bytes: GatheredBytes
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
  const made = parts.snapshot
    ? await withSnapshot(parts.snapshot, base, folder)
    : await withAssets(parts, base, folder)
  if (made !== undefined) {
    return made
  }
  const output = join(folder, 'executable')
  const notes = await runPkg(parts, base, output, join(folder, 'parts'))
  return { bytes: GatheredBytes.of(await readFile(output)), notes }
}

/** Undefined where the executable's form is not known. */
async function withAssets(
  { main, assets }: ExecutableParts,
  base: BaseNode,
  folder: string,
): Promise<MadeExecutable | undefined> {
  const bytes = await executableOfTemplate(main, assets, base, folder)
  return bytes && { bytes, notes: [] }
}

/** The same of one that starts from a snapshot. */
async function withSnapshot(
  { blob, launcher, mayStartWorkers }: SnapshotOptions,
  base: BaseNode,
  folder: string,
): Promise<MadeExecutable | undefined> {
  const smaller = mayStartWorkers ? blob : withoutIdleCode(blob)
  const bytes = await executableOfBlob(launcher, smaller ?? blob, base, folder)
  return bytes && { bytes, notes: smaller === undefined ? [explainIdleCode(base.version)] : [] }
}
