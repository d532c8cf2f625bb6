/** A lambdabin whose runtime has nothing of threads: what a start was before there were any, of sources that are these otherwise. */

import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const COPIED = ['bin', 'src', 'bootstrap', 'base-node', 'third-party', 'page', 'package.json', 'LICENSE']

/** In the place of `thread-host.ts`, by which alone the runtime has to do with threads. */
const NO_THREADS = `
import { installConsole } from '../log/log.ts'
import { installStandardStreams } from '../log/standard-streams.ts'

export function startThreads(): boolean {
  return false
}

export function installLog(settings): void {
  installConsole(settings)
  installStandardStreams()
}
`

/** Puts it into `folder`. Returns the path of its command. */
export function copyWithoutThreads(folder: string): string {
  mkdirSync(folder)
  for (const name of COPIED) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'src/runtime/threads/thread-host.ts'), NO_THREADS)
  return join(folder, 'bin/lambdabin.js')
}
