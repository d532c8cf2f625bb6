/** The executable's main script: starts the program that the executable carries as assets. */

import { basename, dirname } from 'node:path'
import { getRawAsset } from 'node:sea'
import { Script } from 'node:vm'
import {
  chunkFile,
  chunkName,
  codeCacheLine,
  ECHO_FUNCTION,
  FUNCTION,
  NET_SOCKET_LINE,
  SELF_TEST_OPTION,
  scriptAsset,
} from './format.ts'
import { Preloads } from './preloads.ts'
import { type CompiledScript, compileScript, startProgram } from './program-loader.ts'

function readAsset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name) as ArrayBuffer)
  } catch {
    return undefined
  }
}

/**
 * The self-test is how the build tries an executable: of each script it tells whether V8 took its code cache, and a
 * function that returns its event answers. The author's is compiled but not run, as are its chunks.
 */
function testScript({ name, script }: CompiledScript): Script | undefined {
  const { cachedDataRejected } = script
  const state = cachedDataRejected === undefined ? 'none' : cachedDataRejected ? 'rejected' : 'accepted'
  say(codeCacheLine(name, state))
  return name === FUNCTION ? new Script(ECHO_FUNCTION) : undefined
}

/** To stderr, without the stream of it, which loads `node:net`. */
function say(line: string): void {
  process.getBuiltinModule('node:fs').writeSync(2, line)
}

const isSelfTest = process.argv.includes(SELF_TEST_OPTION)
const taskRoot = process.env.LAMBDA_TASK_ROOT || dirname(process.execPath)
startProgram({
  name: basename(process.execPath),
  readAsset,
  taskRoot,
  requireBuiltin: require,
  preloads: Preloads.in(process.env.NODE_OPTIONS),
  ...(isSelfTest && { onCompiled: testScript }),
})
if (isSelfTest) {
  // The runtime has connected by now.
  if ((Reflect.get(process, 'moduleLoadList') as string[]).includes('NativeModule net')) {
    say(NET_SOCKET_LINE)
  }
  for (let number = 1; readAsset(scriptAsset(chunkName(number))); number++) {
    const name = chunkName(number)
    testScript({ name, script: compileScript(readAsset, name, chunkFile(taskRoot, number)) })
  }
}
