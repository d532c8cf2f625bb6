/** Divides a function that is taken for one in which nothing awaits at its top level. */
import { join } from 'node:path'
import { readText } from '../../text/read-in-turn.ts'
import type { ChunkOptions } from '../bundle-chunk.ts'
import { isBuildFailure } from '../bundle-failure.ts'
import { preludeOfEntry } from '../strict-mode.ts'
import { readModuleGraph } from './module-graph.ts'
import { type SplitFunction, splitFunction, type WholeFunction } from './split-function.ts'

/** Undefined where something does await, or may, and where there is nothing to divide. */
export async function splitScript(
  whole: Pick<WholeFunction, 'metafile' | 'shared'>,
  options: ChunkOptions,
): Promise<SplitFunction | undefined> {
  const graph = readModuleGraph(whole.metafile)
  if (!graph?.edges.some(({ kind }) => kind === 'dynamic-import')) {
    return undefined
  }
  const prelude = await preludeOfEntry(options).catch((error) => {
    // What is wrong with it is told when it is bundled with the rest.
    if (!isBuildFailure(error)) {
      throw error
    }
  })
  if (prelude === undefined) {
    return undefined
  }
  const parts = await splitFunction({ ...whole, prelude, awaiting: new Set() }, options)
  if (parts === undefined) {
    return undefined
  }
  // esbuild has read the others for scripts, and would have refused one that awaits.
  const unread = graph.modules.filter((path) => !parts.read.has(path))
  return (await anyMayAwait(unread.map((path) => join(options.project, path)))) ? undefined : parts
}

async function anyMayAwait(files: readonly string[]): Promise<boolean> {
  const texts = await Promise.all(files.map((file) => readText(file).catch(() => 'await')))
  return texts.some((text) => /\bawait\b/.test(text))
}
