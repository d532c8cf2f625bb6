/** Scripts that Node.js loads before a function's program, by NODE_OPTIONS, when that is run on this machine. */
import { dirname } from 'node:path'
import { entryBelow } from '../escaped-pattern.ts'

/** Writes `entry` and what it imports as one file: what runs in the function's process knows nothing of where lambdabin is. */
export async function writePreloadedScript(entry: string, outfile: string): Promise<void> {
  // Few runs of a function need it, and none is to wait for it in vain.
  const { build } = await import('esbuild')
  await build({
    ...entryBelow(dirname(entry), entry),
    outfile,
    ...{ bundle: true, format: 'cjs', platform: 'node', target: 'node22', minify: true, logLevel: 'silent' },
  })
}
