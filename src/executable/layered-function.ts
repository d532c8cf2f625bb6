/**
 * A function whose package has no executable, because the runtime comes in a layer: its assets are files, in a folder of its
 * name in the task root.
 */

import { readFileSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { letGo, type ReadAsset } from './compiled-script.ts'
import { ECHO_FUNCTION, FUNCTION, isOfRuntime, SMALL_VARIABLE, scriptAsset } from './format.ts'
import { readAsset as readOwnAsset } from './sea-asset.ts'

/**
 * The function that this executable runs, its own or, in a runtime layer, one in the task root; in a self-test of such a layer, the
 * one that returns its event.
 */
export function carriedProgram(taskRoot: string, isSelfTest = false): { name: string; readAsset: ReadAsset } {
  const own = readOwnAsset(scriptAsset(FUNCTION))
  letGo(own)
  if (own !== undefined) {
    return { name: basename(process.execPath), readAsset: readOwnAsset }
  }
  delete process.env[SMALL_VARIABLE]
  const name = layeredName(taskRoot, process.env._HANDLER ?? '')
  const readOther = isSelfTest ? readEcho : layeredAssets(taskRoot, name)
  return { name, readAsset: (asset) => (isOfRuntime(asset) ? readOwnAsset(asset) : readOther(asset)) }
}

function readEcho(asset: string): Uint8Array | undefined {
  return asset === scriptAsset(FUNCTION) ? Buffer.from(ECHO_FUNCTION) : undefined
}

/**
 * The name that `handler` begins with: as `bootstrap` finds it, the longest that there is such a folder of. It is the whole
 * setting where there is none.
 */
function layeredName(taskRoot: string, handler: string): string {
  for (let name = handler; ; name = name.slice(0, name.lastIndexOf('.'))) {
    const isThere = statSync(`${taskRoot}/${name}/${scriptAsset(FUNCTION)}`, {
      throwIfNoEntry: false,
    })?.isFile()
    if (isThere) {
      return name
    }
    if (!name.slice(name.lastIndexOf('/') + 1).includes('.')) {
      return handler
    }
  }
}

/** Reads the assets of the function `name`. */
function layeredAssets(taskRoot: string, name: string): ReadAsset {
  return (asset) => {
    try {
      return readFileSync(`${taskRoot}/${name}/${asset}`)
    } catch {
      return undefined
    }
  }
}
