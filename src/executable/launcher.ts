/** The executable's main script: starts the program that the executable carries as assets. */

import { dirname } from 'node:path'
import { getRawAsset } from 'node:sea'
import { Script } from 'node:vm'
import { type CompiledText, chunkName, compileText, startProgram } from './program-loader.ts'

function readAsset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name) as ArrayBuffer)
  } catch {
    return undefined
  }
}

/**
 * `--lambdabin-self-test` is how the build tries an executable: each text says whether V8 took its code cache, and a
 * handler that returns its event stands in for the function, which is compiled but not run, as are its chunks.
 */
function testText({ name, script }: CompiledText): Script | undefined {
  const { cachedDataRejected } = script
  const state = cachedDataRejected === undefined ? 'none' : cachedDataRejected ? 'rejected' : 'accepted'
  process.stderr.write(`lambdabin: code cache of the ${name}: ${state}\n`)
  return name === 'function'
    ? new Script('(function (exports) { exports.handler = async (event) => event })')
    : undefined
}

const isSelfTest = process.argv.includes('--lambdabin-self-test')
const taskRoot = process.env.LAMBDA_TASK_ROOT || dirname(process.execPath)
startProgram(readAsset, taskRoot, require, isSelfTest ? testText : undefined)
if (isSelfTest) {
  for (let number = 1; readAsset(`${chunkName(number)}.js`); number++) {
    testText({ name: chunkName(number), script: compileText(readAsset, chunkName(number)) })
  }
}
