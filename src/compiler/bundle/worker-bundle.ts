/**
 * Bundles what a function starts a worker or a child process from: a module of its own, which Node.js loads from a file beside
 * the executable. An ES module, so that it may await, and finds shipped packages by their paths.
 */
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import type { OwnWorker } from '../dependencies/own-modules.ts'
import { entryBelow } from '../escaped-pattern.ts'
import { commonOptions } from './author-options.ts'
import type { ChunkOptions } from './bundle-chunk.ts'

/** In place of what a chunk has as parameters. */
const PRELUDE = [
  'import { createRequire as __createRequire } from "node:module";',
  'const __importMeta = import.meta, require = __createRequire(import.meta.url);',
].join(' ')

/** A worker is the main module of its thread or process. */
const DEFINE = {
  'import.meta.main': '__importMeta.main',
  __filename: '__importMeta.filename',
  __dirname: '__importMeta.dirname',
}

export interface WorkerBundle {
  readonly file: { readonly path: string; readonly contents: Uint8Array }
  readonly metafile: Metafile
}

export async function bundleWorker(
  { file, path }: OwnWorker,
  { project, minify, packages, author, sdkModules }: ChunkOptions,
): Promise<WorkerBundle> {
  const common = commonOptions({
    minify,
    author,
    plugins: [...packages.plugins, ...packages.reimports],
    sdkModules,
  })
  const { outputFiles, metafile } = await build({
    ...common,
    define: { ...common.define, ...DEFINE },
    ...entryBelow(project, file),
    bundle: true,
    write: false,
    metafile: true,
    outfile: join(project, path),
    platform: 'node',
    format: 'esm',
    external: [...packages.plan.absentExternals],
    banner: { js: PRELUDE },
    keepNames: true,
    logLevel: 'silent',
  })
  const [output] = outputFiles
  if (output === undefined) {
    throw new Error(`esbuild wrote nothing for ${file}`)
  }
  return { file: { path, contents: output.contents }, metafile }
}
