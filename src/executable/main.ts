/**
 * The executable's main script, by Node.js's name for it: evaluates the launcher, and nothing else. A main script is compiled anew at
 * each start, for Node.js can give it a code cache that was made before it had run, at most; an asset can have a better one.
 */

import { Script } from 'node:vm'
import { codeCacheAsset, LAUNCHER, LAUNCHER_FILE, type LauncherFunction, scriptAsset } from './format.ts'
import { readAsset } from './sea-asset.ts'

const text = readAsset(scriptAsset(LAUNCHER))
if (text === undefined) {
  throw new Error('The executable is damaged: it lacks its launcher. Build it again.')
}
const script = new Script(Buffer.from(text.buffer).toString(), {
  filename: LAUNCHER_FILE,
  cachedData: readAsset(codeCacheAsset(LAUNCHER)) as NodeJS.ArrayBufferView | undefined,
})
const launch = script.runInThisContext() as LauncherFunction
launch(exports, require, module, script)
