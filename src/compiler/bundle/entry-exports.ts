/** What a function's entry must offer: at least one export, which can be its handler. */
import { readFileSync } from 'node:fs'
import type { Metafile } from 'esbuild'
import { BuildError } from '../build-error.ts'
import { assignsExports } from '../dependencies/own/empty-exports.ts'
import { shownPath } from '../shown-path.ts'

/** The entry has nothing that could be called. */
export class NoExportsError extends BuildError {
  override readonly name = 'NoExportsError'
}

/**
 * Names of the entry's exports, from what esbuild says of it bundled as an ES module; undefined for a
 * CommonJS entry. Throws {@link NoExportsError} when there are none.
 */
export function checkExports(metafile: Metafile, entry: string): readonly string[] | undefined {
  const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
  const format = output?.entryPoint && metafile.inputs[output.entryPoint]?.format
  if (format === 'cjs') {
    return undefined
  }
  if (output === undefined || output.exports.length === 0) {
    // tsc makes one module of both, and so projects that come from it may have them.
    if (assignsExports(readFileSync(entry, 'utf8'))) {
      throw new NoExportsError(
        `${shownPath(entry)} assigns to exports, as CommonJS does, and is an ES module by its import and export statements, which exports nothing; leave out export {}, or export the function's handler: export const handler = …`,
      )
    }
    throw new NoExportsError(
      `${shownPath(entry)} exports nothing; export the function's handler: export async function handler(event) { … }`,
    )
  }
  return output.exports
}
