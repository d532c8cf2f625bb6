/** Starts the program that the executable carries as assets. */

import { dirname } from 'node:path'
import { Script } from 'node:vm'
import { type CompiledScript, compileScript } from './compiled-script.ts'
import { tellOfEarlyConnections } from './early-connections.ts'
import {
  CONNECT,
  CONNECT_FILE,
  chunkFile,
  chunkName,
  codeCacheLine,
  ECHO_FUNCTION,
  FUNCTION,
  LAUNCHER,
  NET_SOCKET_LINE,
  primedLine,
  primedSdkLine,
  RUNTIME,
  RUNTIME_FILE,
  SELF_TEST_OPTION,
  scriptAsset,
} from './format.ts'
import { carriedProgram } from './layered-function.ts'
import { Preloads } from './preloads.ts'
import type { PrimedPart } from './priming-settings.ts'
import {
  earlyConnectionsOf,
  findPriming,
  type ProgramOptions,
  prime,
  readPrimingSettings,
  startProgram,
} from './program-loader.ts'

/** The launcher's own: see {@link ./format.ts}. */
declare const __script: Script

/**
 * The self-test is how the build tries an executable: of each script it tells whether V8 took its code cache, and of
 * each part that is primed whether it could be, and a function that returns its event answers. The author's is compiled but not run,
 * as are its chunks. Where there is no Runtime API, because somebody runs it by hand, nothing answers, and the exit status says whether
 * V8 took them all; connections that are to be opened early are, which a build does not do.
 */
function testScript({ name, script }: CompiledScript): Script | undefined {
  const { cachedDataRejected } = script
  const state = cachedDataRejected === undefined ? 'none' : cachedDataRejected ? 'rejected' : 'accepted'
  say(codeCacheLine(name, state))
  if (cachedDataRejected) {
    process.exitCode = 1
  }
  return name === FUNCTION ? new Script(ECHO_FUNCTION) : undefined
}

function testPart(part: PrimedPart, problem: string | undefined): void {
  say(primedLine(part, problem))
}

/** The chunks of the function from the one of this number on. */
function testChunks(first: number): void {
  for (let number = first; readAsset(scriptAsset(chunkName(number))); number++) {
    const name = chunkName(number)
    testScript({ name, script: compileScript(readAsset, name, chunkFile(taskRoot, number)) })
  }
}

/** What opens connections early, where there is that. */
function testConnect(): void {
  if (readAsset(scriptAsset(CONNECT))) {
    testScript({ name: CONNECT, script: compileScript(readAsset, CONNECT, CONNECT_FILE) })
  }
}

async function testByHand(): Promise<void> {
  testScript({ name: RUNTIME, script: compileScript(readAsset, RUNTIME, RUNTIME_FILE) })
  testChunks(0)
  testConnect()
  const settings = readPrimingSettings(program)
  const priming = findPriming(program, settings)
  if (priming !== undefined) {
    await prime(program, priming)
    for (const exchange of priming.settings.sdk ?? []) {
      say(primedSdkLine(exchange))
    }
  }
  await tellOfEarlyConnections(earlyConnectionsOf({ ...program, onCompiled: undefined }, settings), say)
}

/** To stderr, without the stream of it, which loads `node:net`. */
function say(line: string): void {
  process.getBuiltinModule('node:fs').writeSync(2, line)
}

const isSelfTest = process.argv.includes(SELF_TEST_OPTION)
const taskRoot = process.env.LAMBDA_TASK_ROOT || dirname(process.execPath)
if (isSelfTest) {
  testScript({ name: LAUNCHER, script: __script })
}
const { name, readAsset } = carriedProgram(taskRoot, isSelfTest)
const program: ProgramOptions = {
  name,
  readAsset,
  taskRoot,
  requireBuiltin: require,
  preloads: Preloads.in(process.env.NODE_OPTIONS),
  ...(isSelfTest && { isSelfTest, onCompiled: testScript, onPrimed: testPart }),
}
if (isSelfTest && !process.env.AWS_LAMBDA_RUNTIME_API) {
  void testByHand()
} else {
  const runtime = startProgram(program)
  if (isSelfTest) {
    if (runtime.connectsOverNet()) {
      say(NET_SOCKET_LINE)
    }
    testChunks(1)
    testConnect()
  }
}
