/** Given to a process by `--import`, writes which modules it has loaded into the file that `LOADED_MODULES` names: a URL a line. */

import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import process from 'node:process'

const file = process.env.LOADED_MODULES
if (file !== undefined) {
  const urls: string[] = []
  registerHooks({
    load: (url, context, nextLoad) => {
      urls.push(url)
      return nextLoad(url, context)
    },
  })
  process.once('exit', () => writeFileSync(file, urls.join('\n')))
}
