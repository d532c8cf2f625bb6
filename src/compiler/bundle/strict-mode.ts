/** Whether a function's code is in strict mode as a whole, where TypeScript's settings or the entry ask for it. */
import type { Plugin } from 'esbuild'
import { EMPTY_PLAN } from '../dependencies/package-plan.ts'
import { PlannedPackages } from '../dependencies/planned-packages.ts'
import { type Chunk, type ChunkOptions, draftScript } from './bundle-chunk.ts'
import { isBuildFailure } from './bundle-failure.ts'

/** What stands right before the code of each of its chunks, so that all are in strict mode or none. */
export function strictPrelude(whole: Pick<Chunk, 'code'>): string {
  return isStrict(whole) ? '"use strict";' : ''
}

/** The same of the entry alone, which is what tells; undefined when it awaits at its top level. */
export async function preludeOfEntry(options: ChunkOptions): Promise<string | undefined> {
  const alone = await draftScript({ ...options, plugins: [leaveImports] })
  return alone && strictPrelude(alone.draft)
}

/** Whether a function is in strict mode whose entry this is, before its packages are planned. */
export async function isStrictEntry(options: Omit<ChunkOptions, 'packages'>): Promise<boolean> {
  const packages = new PlannedPackages(EMPTY_PLAN, options.project)
  try {
    // The author's plugins are told of one build, not of this.
    const author = { ...options.author, plugins: [] }
    return ((await preludeOfEntry({ ...options, author, packages })) ?? '') !== ''
  } catch (error) {
    if (isBuildFailure(error)) {
      return false // What is wrong with it is told when it is bundled.
    }
    throw error
  } finally {
    packages.close()
  }
}

const leaveImports: Plugin = {
  name: 'entry-alone',
  setup(build) {
    build.onResolve({ filter: /^/ }, ({ kind, path }) =>
      kind === 'entry-point' ? undefined : { path, external: true },
    )
  },
}

/** Whether a chunk's code begins so, after the line of its wrapper. */
function isStrict({ code }: Pick<Chunk, 'code'>): boolean {
  return /^.*\s+"use strict"/.test(code.toString('latin1', 0, 1000))
}
