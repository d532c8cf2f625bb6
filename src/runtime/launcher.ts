/** The executable's main script: starts the program that the executable carries as assets. */

import { dirname } from 'node:path'
import { getRawAsset } from 'node:sea'
import { type CompiledText, startProgram } from './program-loader.ts'

function readAsset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name) as ArrayBuffer)
  } catch {
    return undefined
  }
}

/** `--lambdabin-code-cache` tells whether V8 takes the code caches: the build asks, and so may you. */
const onCompiled = process.argv.includes('--lambdabin-code-cache')
  ? ({ name, script }: CompiledText) => {
      const state =
        script.cachedDataRejected === undefined ? 'none' : script.cachedDataRejected ? 'rejected' : 'accepted'
      process.stderr.write(`lambdabin: code cache of the ${name}: ${state}\n`)
    }
  : undefined

startProgram(readAsset, process.env.LAMBDA_TASK_ROOT || dirname(process.execPath), require, onCompiled)
