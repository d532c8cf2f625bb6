/** Whether a function's code is in strict mode as a whole, where TypeScript's settings or the entry ask for it. */
import type { Plugin } from 'esbuild'
import { type Chunk, type ChunkOptions, draftScript } from './bundle-chunk.ts'

/** What stands right before the code of each of its chunks, so that all are in strict mode or none. */
export function strictPrelude(whole: Pick<Chunk, 'code'>): string {
  return isStrict(whole) ? '"use strict";' : ''
}

/** The same of the entry alone, which is what tells; undefined when it awaits at its top level. */
export async function preludeOfEntry(options: ChunkOptions): Promise<string | undefined> {
  const alone = await draftScript({ ...options, plugins: [leaveImports] })
  return alone && strictPrelude(alone.draft)
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
