/** The environment of a user's shell: without what `npm test` puts in front, the pinned Node.js above all. */

import { delimiter } from 'node:path'
import process from 'node:process'

export function userEnvironment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|INIT_CWD$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/i.test(name),
    ),
  )
  const folders = (process.env.PATH ?? '').split(delimiter)
  return {
    ...env,
    PATH: folders.filter((folder) => !/node_modules|node-gyp-bin/.test(folder)).join(delimiter),
  }
}
