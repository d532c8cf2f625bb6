/**
 * Functions without an executable, for a runtime that is in a layer: their scripts, code caches and source maps are files in a
 * folder of the function's name, under the names that they have in an executable.
 */
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { layeredFunctions } from '../../emulator/code/deployment-package.ts'
import { FUNCTION as FUNCTION_SCRIPT, scriptAsset } from '../../executable/format.ts'
import { chunkOf } from './executable-parts.ts'
import { type Claim, divideFile, type PartPath } from './file-parts.ts'
import type { OpenedPackage } from './open-package.ts'
import { FUNCTION, HELPERS, OF_FUNCTION } from './part-names.ts'
import { scriptClaims } from './script-parts.ts'

export interface LooseScripts {
  /** By file of the package. */
  readonly claims: ReadonlyMap<string, readonly Claim[]>
  /** The entry's script of each function: `orders/function.js`. */
  readonly entries: readonly string[]
}

const HEADER = /^\/\*lambdabin \d+\*\//
const ASSET = /^function(?:-\d+)?(?:\.js|\.cache|\.js\.map)$/

export async function looseScriptParts(opened: OpenedPackage): Promise<LooseScripts> {
  const claims = new Map<string, readonly Claim[]>()
  const entries: string[] = []
  for (const name of await layeredFunctions(opened)) {
    const assets = await readAssets(opened, name)
    const entry = `${name}/${scriptAsset(FUNCTION_SCRIPT)}`
    if (HEADER.test(assets.get(entry)?.toString('latin1', 0, 40) ?? '')) {
      entries.push(entry)
      for (const [path, content] of assets) {
        const own = assetClaims(path, content, assets.get(`${path}.map`))
        claims.set(path, divideFile(own, content.length, [FUNCTION, OF_FUNCTION.text, HELPERS]))
      }
    }
  }
  return { claims, entries }
}

async function readAssets({ folder, files }: OpenedPackage, name: string): Promise<Map<string, Buffer>> {
  const assets = new Map<string, Buffer>()
  for (const { path } of files) {
    if (dirname(path) === name && ASSET.test(basename(path))) {
      assets.set(path, await readFile(join(folder, path)))
    }
  }
  return assets
}

function assetClaims(path: string, content: Buffer, sourceMap: Buffer | undefined): Claim[] {
  return path.endsWith('.js')
    ? scriptClaims({ script: content, sourceMap, recorded: new Map(), chunk: chunkOf(path), start: 0 })
    : [{ path: pathOf(basename(path)), start: 0, end: content.length }]
}

function pathOf(asset: string): PartPath {
  return [FUNCTION, asset.endsWith('.cache') ? OF_FUNCTION.codeCaches : OF_FUNCTION.sourceMaps, asset]
}
