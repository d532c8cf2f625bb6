/**
 * Keeps the chunks of a function from one build to the next: to divide one takes a dozen of esbuild's builds, and where nothing has changed it
 * comes to the same.
 *
 * The function's first bundle, which each build makes, tells which modules there are and where each import of them leads. With the text of
 * those modules and of the source maps beside them, the manifests and TypeScript's settings that apply to them, the plan of packages
 * and the options, that is all that its chunks are made of. What a plugin of the author's does nobody knows, so with one nothing is kept.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { getTsconfig, parseTsconfig } from 'get-tsconfig'
import { CacheArea, type CacheInput } from '../../cache/build-cache.ts'
import { ownVersion } from '../../cache/own-version.ts'
import { sourceMapsOf } from '../../unchanged/source-maps.ts'
import { type Bundled, type Chunk, type ChunkOptions, codeOf } from '../bundle-chunk.ts'

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
  make: () => Promise<Chunks>,
): Promise<Chunks> {
  if (isForced || (options.author.plugins ?? []).length > 0) {
    return make()
  }
  const inputs = await describe(options, module, split)
  return readChunks(await new CacheArea('chunks').bytes(inputs, async () => writeChunks(await make())))
}

async function describe(options: ChunkOptions, module: Bundled, split: boolean): Promise<CacheInput[]> {
  const { entry, project, minify, author, packages } = options
  const paths = Object.keys(module.metafile.inputs).sort()
  const files = paths.map((path) => resolve(project, path))
  return [
    await ownVersion(),
    JSON.stringify([entry, project, minify, split, author, process.env.NODE_PATH ?? null], asJson),
    JSON.stringify(packages.plan, asJson),
    JSON.stringify(withoutSizes(module.metafile)),
    JSON.stringify(settingsOf(files, author.tsconfig)),
    ...(await contents(manifestsOf(files, project))),
    ...(await contents(files)),
    ...(await contents(sourceMapsOf(files.filter((file) => existsSync(file))))),
    codeOf(module),
  ]
}

/** Maps and sets, too. */
function asJson(_key: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...value] : value
}

/** Which modules there are, of which format, and what leads where. */
function withoutSizes({ inputs }: Metafile) {
  return Object.entries(inputs).map(([path, { imports, format }]) => [path, imports, format ?? null])
}

/** Of TypeScript, by folder; esbuild does not look for them in packages. */
function settingsOf(files: readonly string[], chosen: string | undefined): unknown {
  if (chosen !== undefined) {
    return parseTsconfig(resolve(chosen))
  }
  const folders = new Set(files.filter((file) => !isOfPackage(file)).map((file) => dirname(file)))
  const cache = new Map()
  return [...folders].map((folder) => [folder, settingsIn(folder, cache)])
}

/** What cannot be read esbuild has warned of, and does without. */
function settingsIn(folder: string, cache: Map<string, unknown>): unknown {
  try {
    return getTsconfig(folder, 'tsconfig.json', cache)?.config ?? null
  } catch (error) {
    return String(error)
  }
}

/** Of each package that a module is of, and of the project. */
function manifestsOf(files: readonly string[], project: string): string[] {
  const folders = files.filter(isOfPackage).map((file) => {
    const [, folder = ''] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? []
    return folder
  })
  return [...new Set([project, ...folders])].sort().map((folder) => join(folder, 'package.json'))
}

function isOfPackage(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file)
}

/** A name that is no file's is that of one with a query behind it, or of what a plugin of ours makes of the rest. */
async function contents(files: readonly string[]): Promise<CacheInput[]> {
  const found: CacheInput[] = []
  for (const file of files) {
    const plain = file.replace(/[?#].*$/, '')
    found.push(file, await readFile(file).catch(() => readFile(plain).catch(() => 'none')))
  }
  return found
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
