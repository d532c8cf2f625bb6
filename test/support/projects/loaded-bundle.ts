/** Loads a bundled function as its executable would, in this process. */

import type { FunctionBundle } from '../../../src/compiler/bundle/bundle-function.ts'
import {
  chunkName,
  FORMAT_HEADER,
  RUNTIME,
  scriptAsset,
  sourceMapAsset,
} from '../../../src/executable/format.ts'
import type { Program } from '../../../src/executable/program.ts'
import { startProgram } from '../../../src/executable/program-loader.ts'
import { SdkRegistry } from '../../../src/executable/sdk-registry.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a bundle exports is whatever the test wrote.
export type Exports = any

/** In the runtime's place: it hands over the program to what it is given for `require`. */
const RUNTIME_SCRIPT = Buffer.from(
  `${FORMAT_HEADER}(function (exports, require) { exports.start = require })`,
)

export interface LoadedBundle {
  readonly exports: Exports
  /** Names of the chunks that have been evaluated, in that order. */
  readonly evaluated: readonly string[]
}

export async function loadBundle(
  bundle: FunctionBundle,
  taskRoot = '/var/task',
  sdkRegistry = new SdkRegistry(),
): Promise<LoadedBundle> {
  const assets = new Map<string, Buffer>([[scriptAsset(RUNTIME), RUNTIME_SCRIPT]])
  for (const [number, { code, sourceMap }] of [bundle.entry, ...bundle.chunks].entries()) {
    const name = chunkName(number)
    assets.set(scriptAsset(name), code).set(sourceMapAsset(name), sourceMap)
  }
  const evaluated: string[] = []
  let program: Program | undefined
  const start = (given: Program) => {
    program = given
  }
  startProgram({
    readAsset: (name) => assets.get(name),
    taskRoot,
    sdkRegistry,
    requireBuiltin: start as unknown as NodeJS.Require,
    onCompiled: ({ name }) => {
      if (name !== RUNTIME) {
        evaluated.push(name)
      }
      return undefined
    },
  })
  return { exports: await program?.loadFunction(), evaluated }
}
