/**
 * Keeps the chunks of a function from one build to the next: to divide one takes a dozen of esbuild's builds, and where nothing has changed it
 * comes to the same.
 *
 * The function's first bundle, which each build makes, tells which modules there are and where each import of them leads. With the text of
 * those modules and of the source maps beside them, the manifests and TypeScript's settings that apply to them, the plan of packages
 * and the options, that is all that its chunks are made of. What a plugin of the author's does nobody knows, so with one nothing is kept.
 */
import type { Metafile } from 'esbuild'
import { CacheArea, type CacheInput } from '../../cache/build-cache.ts'
import { ownVersion } from '../../cache/own-version.ts'
import { type Bundled, type Chunk, type ChunkOptions, codeOf } from '../bundle-chunk.ts'
import type { ModuleInputs } from './module-inputs.ts'
import { asJson } from './shared-chunks.ts'

export interface Chunks {
  /** Chunk 0. */
  readonly entry: Chunk
  readonly chunks: readonly Chunk[]
}

/** How a function is divided. */
export interface DivisionOptions {
  /** In one chunk otherwise, whatever it imports. */
  readonly split: boolean
  /** Whether it is divided although it has been. */
  readonly isForced: boolean
}

/** `module` is the function's first bundle, as an ES module. Rejects as `make` does. */
export async function keptChunks(
  options: ChunkOptions,
  module: Bundled,
  { split, isForced }: DivisionOptions,
  files: ModuleInputs,
  make: () => Promise<Chunks>,
): Promise<Chunks> {
  if (isForced || (options.author.plugins ?? []).length > 0) {
    return make()
  }
  const inputs = await describe(options, module, split, files)
  return readChunks(await new CacheArea('chunks').bytes(inputs, async () => writeChunks(await make())))
}

async function describe(
  options: ChunkOptions,
  module: Bundled,
  split: boolean,
  files: ModuleInputs,
): Promise<CacheInput[]> {
  const { entry, project, minify, author, packages } = options
  return [
    await ownVersion(),
    JSON.stringify([entry, project, minify, split, author, process.env.NODE_PATH ?? null], asJson),
    JSON.stringify(packages.plan, asJson),
    JSON.stringify(withoutSizes(module.metafile)),
    ...(await files.of(Object.keys(module.metafile.inputs).sort())),
    codeOf(module),
  ]
}

/** Which modules there are, of which format, and what leads where. */
function withoutSizes({ inputs }: Metafile) {
  return Object.entries(inputs).map(([path, { imports, format }]) => [path, imports, format ?? null])
}

interface WrittenChunk {
  readonly code: string
  readonly sourceMap: string
  readonly modules: readonly (readonly [string, number])[]
}

function writeChunks({ entry, chunks }: Chunks): Buffer {
  const written = [entry, ...chunks].map(
    ({ code, sourceMap, modules }): WrittenChunk => ({
      code: code.toString(),
      sourceMap: sourceMap.toString(),
      modules: [...modules],
    }),
  )
  return Buffer.from(JSON.stringify(written))
}

function readChunks(bytes: Buffer): Chunks {
  const written: WrittenChunk[] = JSON.parse(bytes.toString())
  const [entry, ...chunks] = written.map(({ code, sourceMap, modules }) => ({
    code: Buffer.from(code),
    sourceMap: Buffer.from(sourceMap),
    modules: new Map(modules),
  }))
  return { entry: entry as Chunk, chunks }
}
