/**
 * A function without an executable, for a runtime that is in a layer: its scripts, their code caches and source maps are files
 * of the package, under the names that they have in an executable.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BuildRecord } from '../../executable/build-record.ts'
import { chunkOf, recordedBytes } from './executable-parts.ts'
import { type Claim, divideFile, type PartPath } from './file-parts.ts'
import type { OpenedPackage } from './open-package.ts'
import { FUNCTION, HELPERS, OF_FUNCTION } from './part-names.ts'
import { scriptClaims } from './script-parts.ts'

export interface LooseScripts {
  /** By file. */
  readonly claims: ReadonlyMap<string, readonly Claim[]>
  readonly record: BuildRecord | undefined
}

const HEADER = /^\/\*lambdabin \d+\*\//
const ASSET = /^function(?:-\d+)?(?:\.js|\.cache|\.js\.map)$/

/** Undefined where there are none. */
export async function looseScriptParts({ folder, files }: OpenedPackage): Promise<LooseScripts | undefined> {
  const names = files.map(({ path }) => path).filter((path) => ASSET.test(path))
  const read = (name: string) => readFile(join(folder, name))
  if (!names.includes('function.js') || !HEADER.test((await read('function.js')).toString('latin1', 0, 40))) {
    return undefined
  }
  const record = undefined
  const claims = new Map<string, readonly Claim[]>()
  for (const name of names) {
    const content = await read(name)
    const own = name.endsWith('.js')
      ? scriptClaims({
          script: content,
          sourceMap: names.includes(`${name}.map`) ? await read(`${name}.map`) : undefined,
          recorded: recordedBytes(record, chunkOf(name)),
          chunk: chunkOf(name),
          start: 0,
        })
      : [{ path: pathOf(name), start: 0, end: content.length }]
    claims.set(name, divideFile(own, content.length, [FUNCTION, OF_FUNCTION.text, HELPERS]))
  }
  return { claims, record }
}

function pathOf(name: string): PartPath {
  return [FUNCTION, name.endsWith('.cache') ? OF_FUNCTION.codeCaches : OF_FUNCTION.sourceMaps, name]
}
