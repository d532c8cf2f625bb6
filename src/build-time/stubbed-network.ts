/**
 * Has a function that is run on this machine reach servers that answer in the place of others. Node.js loads this before the
 * function's program and in each of its threads, by NODE_OPTIONS, and neither the executable nor the function knows of it.
 *
 * It is one file of CommonJS, with {@link STUBBED_NETWORK_SETTINGS} beside it.
 */

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads'
import { STUBBED_NETWORK_SETTINGS } from './contract.ts'
import { type Answering, keepToLoopback } from './loopback.ts'

/** What tells threads that the program was initialised at build time: the runtime is there before all else, with its global. */
const IS_OF_SNAPSHOT = 'lambdabin: of a snapshot'
if (isMainThread && 'awslambda' in globalThis) {
  setEnvironmentData(IS_OF_SNAPSHOT, true)
}

// Node.js ends in such a program's threads once they load `net`, with this and without.
if (isMainThread || getEnvironmentData(IS_OF_SNAPSHOT) !== true) {
  const settings: Answering = JSON.parse(readFileSync(join(__dirname, STUBBED_NETWORK_SETTINGS), 'utf8'))
  keepToLoopback(settings)
}

// What the function finds in its environment is what it would find without this.
const { NODE_OPTIONS = '' } = process.env
const own = basename(__filename).replace('.', '\\.')
const rest = NODE_OPTIONS.replace(new RegExp(`--require="(?:[^"\\\\]|\\\\.)*${own}"`), '').trim()
if (rest === '') {
  delete process.env.NODE_OPTIONS
} else {
  process.env.NODE_OPTIONS = rest
}
