/** What is neither in the executable nor beside it: `require` fails for it while a function initialises at build time, as it will on Lambda. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Node.js's error where nothing of the name is in `taskRoot`; undefined where something is. */
export function missingModule(id: string, taskRoot: string, requiredBy: string): Error | undefined {
  const [name = id] = /^(?:@[^/]+\/)?[^/]+/.exec(id) ?? []
  const place = /^\.{0,2}\//.test(id) ? join(taskRoot, id) : join(taskRoot, 'node_modules', name)
  if (existsSync(place)) {
    return undefined
  }
  return Object.assign(new Error(`Cannot find module '${id}'\nRequire stack:\n- ${requiredBy}`), {
    code: 'MODULE_NOT_FOUND',
    requireStack: [requiredBy],
  })
}
