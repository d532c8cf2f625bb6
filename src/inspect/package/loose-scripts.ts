/**
 * Functions without an executable, for a runtime that is in a layer: their scripts, code caches and source maps are files in a
 * folder of the function's name, under the names that they have in an executable.
 */
import { readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { layeredFunctions } from '../../emulator/code/deployment-package.ts'
import { chunkName, codeCacheAsset, scriptAsset, sourceMapAsset } from '../../executable/format.ts'
import { type Claim, divideFile } from './file-parts.ts'
import { formatAt } from './found-versions.ts'
import type { OpenedPackage } from './open-package.ts'
import { FUNCTION, HELPERS, OF_FUNCTION } from './part-names.ts'
import { scriptClaims } from './script-parts.ts'

export interface LooseScripts {
  /** By file of the package. */
  readonly claims: ReadonlyMap<string, readonly Claim[]>
  /** Of each function its chunks, the entry's first. */
  readonly functions: ReadonlyMap<string, readonly LooseChunk[]>
  /** Of their scripts; undefined where there are none. */
  readonly format: number | undefined
}

export async function looseScriptParts(opened: OpenedPackage): Promise<LooseScripts> {
  const claims = new Map<string, readonly Claim[]>()
  const functions = new Map<string, readonly LooseChunk[]>()
  let format: number | undefined
  for (const name of await layeredFunctions(opened)) {
    const chunks = await readChunks(opened, name)
    const own = chunks[0] && formatAt(chunks[0].script, 0)
    if (own !== undefined) {
      format ??= own
      functions.set(name, chunks)
      for (const [path, ofFile] of chunks.flatMap((chunk, number) => chunkClaims(name, chunk, number))) {
        claims.set(path, ofFile)
      }
    }
  }
  return { claims, functions, format }
}

export interface LooseChunk {
  readonly script: Buffer
  readonly sourceMap: Buffer | undefined
  readonly codeCache: Buffer | undefined
}

/** The entry's first. */
async function readChunks({ folder, files }: OpenedPackage, name: string): Promise<LooseChunk[]> {
  const paths = new Set(files.map(({ path }) => path))
  const read = async (asset: string) => {
    const path = posix.join(name, asset)
    return paths.has(path) ? await readFile(join(folder, path)) : undefined
  }
  const chunks: LooseChunk[] = []
  for (;;) {
    const chunk = chunkName(chunks.length)
    const script = await read(scriptAsset(chunk))
    if (script === undefined) {
      return chunks
    }
    const [sourceMap, codeCache] = [await read(sourceMapAsset(chunk)), await read(codeCacheAsset(chunk))]
    chunks.push({ script, sourceMap, codeCache })
  }
}

/** Of each of its files. */
function chunkClaims(
  name: string,
  { script, sourceMap, codeCache }: LooseChunk,
  chunk: number,
): [string, Claim[]][] {
  const asset = chunkName(chunk)
  const text = scriptClaims({ script, sourceMap, recorded: new Map(), chunk, start: 0 })
  const divided = divideFile(text, script.length, [FUNCTION, OF_FUNCTION.text, HELPERS])
  const whole = (kind: string, file: string, content: Buffer | undefined): [string, Claim[]][] =>
    content === undefined
      ? []
      : [[posix.join(name, file), [{ path: [FUNCTION, kind, file], start: 0, end: content.length }]]]
  return [
    [posix.join(name, scriptAsset(asset)), divided],
    ...whole(OF_FUNCTION.codeCaches, codeCacheAsset(asset), codeCache),
    ...whole(OF_FUNCTION.sourceMaps, sourceMapAsset(asset), sourceMap),
  ]
}
