/**
 * The V8 code caches of an executable's scripts, made after they have run.
 *
 * V8 compiles lazily: a cache made right after compiling holds the outermost functions only, and one made after the
 * function has been loaded, and has handled its sample events, holds what a cold start runs. Only code gets into the
 * package that way: a code cache holds bytecode, and nothing that was computed.
 */
import { join } from 'node:path'
import process from 'node:process'
import type { RunUse } from '../../build-time/contract.ts'
import {
  CONNECT,
  chunkName,
  codeCacheAsset,
  ECHO_FUNCTION,
  LAUNCHER,
  PRIME,
  PRIMING_SETTINGS_ASSET,
  RUNTIME,
  scriptAsset,
} from '../../executable/format.ts'
import { PRIMED_PARTS, type PrimingSettings } from '../../executable/priming-settings.ts'
import type { Responder } from '../../stubs/responder.ts'
import { codeCacheHeaderOf, flagsHash, SAME_BYTES, setFlagsHash } from '../base-node/code-cache-header.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { CacheArea } from '../cache/build-cache.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { readEvents } from '../text/byte-order-mark.ts'
import type { InitFailure } from './init-failure.ts'
import { isWholeRun } from './stubbed-run.ts'
import { runWarmUp, type WarmUpResult } from './warm-up-run.ts'

export interface CodeCacheOptions {
  readonly bundle: RuntimeBundle
  /** The function's, the entry's first. */
  readonly chunks: readonly [Buffer, ...Buffer[]]
  /** The Node.js binary that the executable is made of. */
  readonly node: string
  /** How to run it on this machine. */
  readonly runner: TargetRunner
  /** The handler setting to warm the function up with. */
  readonly handler: string
  /** The function's own variables. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Paths of JSON files. */
  readonly events: readonly string[]
  /** What answers the requests that the function makes of others. */
  readonly responder?: Responder | undefined
  /** Whether clients of the AWS SDK are to be primed. */
  readonly primesSdk?: boolean
  /** The folder with what is shipped beside the executable. */
  readonly taskRoot: string
  /** A folder that is not there yet, for what comes in between. */
  readonly folder: string
}

export interface CodeCaches {
  /** By asset name; what could not be made is not there. */
  readonly assets: Readonly<Record<string, Buffer>>
  /** Why there is less in them than there might be, in one sentence; undefined when all went well. */
  readonly note: string | undefined
  /** Set when the function did not initialise. */
  readonly initFailure?: InitFailure | undefined
  /** What the run of the function has shown; undefined where it could not be run. */
  readonly run?: FunctionRun | undefined
}

/** What is known of a function by having run it. */
export interface FunctionRun extends RunUse {
  /** Whether it did all that its invocations do: see {@link isWholeRun}. */
  readonly isWhole: boolean
  /** Whether it initialised, and then ended its process, or took too long, before it had handled its events. */
  readonly isCutShort: boolean
}

/** What the runtime is warmed up with, so that what comes of it is the same whatever the author's function does. */
export const ECHO_RUN = {
  chunks: [Buffer.from(ECHO_FUNCTION)],
  handler: 'echo.handler',
  events: [5, 5, 5, 5, 3000].map((length) => Buffer.from(JSON.stringify({ text: 'Hello'.padEnd(length) }))),
} as const

/** What tells one such run from another. */
const ECHO_KEY = JSON.stringify([ECHO_RUN.handler, ECHO_RUN.chunks.join(), ECHO_RUN.events.join()])

/** Never rejects for what the function does: a cache that is missing costs speed, and nothing else. */
export async function makeCodeCaches(options: CodeCacheOptions): Promise<CodeCaches> {
  const { node, runner, bundle, folder, taskRoot } = options
  const hash = flagsHash(await codeCacheHeaderOf(runner, node))
  const common = {
    warmUp: bundle.warmUp,
    runtime: bundle.runtime,
    runner,
    node,
    nodeOptions: SAME_BYTES,
    taskRoot,
  }
  // Another build may have made the runtime's before.
  const made = [bundle.warmUp, bundle.runtime, node, `${hash}`, SAME_BYTES.join(' '), ECHO_KEY]
  const runtime = await new CacheArea('code-caches').bytesIfAny(made, async () => {
    return (await runWarmUp({ ...common, ...ECHO_RUN, folder: join(folder, 'runtime') })).own.runtime
  })
  const events = await readEvents(options.events)
  const { chunks, use, note, initFailure } = await runWarmUp({
    ...common,
    chunks: options.chunks,
    handler: options.handler,
    environment: options.environment,
    events,
    responder: options.responder,
    ...(options.primesSdk && { primesSdk: true }),
    folder: join(folder, options.handler),
  })
  const assets: Record<string, Buffer> = {}
  const launcher = await makeOwnCodeCache(LAUNCHER, options)
  if (launcher) {
    assets[codeCacheAsset(LAUNCHER)] = launcher
  }
  if (runtime) {
    assets[codeCacheAsset(RUNTIME)] = withFlagsHash(runtime, hash)
  }
  for (const [number, cache] of chunks.entries()) {
    if (cache) {
      assets[codeCacheAsset(chunkName(number))] = withFlagsHash(cache, hash)
    }
  }
  return { assets, note, initFailure, run: functionRun(options, { use, note, initFailure }) }
}

export function functionRun(
  options: Pick<CodeCacheOptions, 'events' | 'responder' | 'primesSdk'>,
  { use, note, initFailure }: Pick<WarmUpResult, 'use' | 'note' | 'initFailure'>,
): FunctionRun {
  return {
    ...use,
    isWhole: isWholeRun(options, note),
    isCutShort: initFailure === undefined && !use.isFinished,
  }
}

/** A client of the AWS SDK, as far as priming is concerned: it sends one request with an agent of its own. */
const SDK_FUNCTION = `${ECHO_FUNCTION.slice(0, ECHO_FUNCTION.indexOf('(function'))}(function (exports, require, module, file, folder, meta, registerSdk) {
  exports.handler = async (event) => event
  class Client {
    constructor() {
      const https = require('node:https')
      this.agent = new https.Agent({ keepAlive: true })
      this.send = () => new Promise((resolve, reject) =>
        https.request({ agent: this.agent, host: 'localhost', method: 'POST' }, (response) => response.resume().on('end', resolve)).on('error', reject).end('{}'))
      this.config = { requestHandler: { configProvider: Promise.resolve({ httpsAgent: this.agent }) } }
    }
    destroy() { this.agent.destroy() }
  }
  registerSdk('Client', Client)
  registerSdk('Client', class {}, 'Command')
})`

const ALL_THAT_IS_PRIMED: PrimingSettings = {
  parts: PRIMED_PARTS,
  sdk: [{ client: 'Client', command: 'Command', input: {}, answer: 'json' }],
  rehearsal: { events: [{}], stubs: [] },
}

/**
 * What the scripts of the init phase do while their code caches are made, and what there is for the launcher to start. Nobody listens at
 * the port.
 */
const OWN_RUNS: Readonly<Record<typeof LAUNCHER | typeof PRIME | typeof CONNECT, PrimingSettings>> = {
  [LAUNCHER]: ALL_THAT_IS_PRIMED,
  [PRIME]: ALL_THAT_IS_PRIMED,
  [CONNECT]: { parts: [], connect: ['localhost:1'] },
}

/** The code cache of a script that is the same for all functions; undefined where it cannot be had. */
export async function makeOwnCodeCache(
  name: keyof typeof OWN_RUNS,
  options: Pick<CodeCacheOptions, 'bundle' | 'node' | 'runner' | 'taskRoot' | 'folder'>,
): Promise<Buffer | undefined> {
  const { node, runner, bundle, folder, taskRoot } = options
  const hash = flagsHash(await codeCacheHeaderOf(runner, node))
  const made = [bundle.warmUp, bundle.runtime, bundle[name], node, `${hash}`, SAME_BYTES.join(' '), ECHO_KEY]
  const cache = await new CacheArea('code-caches').bytesIfAny(made, async () => {
    const caches = await runWarmUp({
      ...{ warmUp: bundle.warmUp, runtime: bundle.runtime, runner, node, nodeOptions: SAME_BYTES, taskRoot },
      ...ECHO_RUN,
      chunks: [Buffer.from(SDK_FUNCTION)],
      others: {
        [scriptAsset(name)]: bundle[name],
        // Whether it is the launcher that is asked for or not, what it starts is primed.
        ...(name === LAUNCHER && { [scriptAsset(PRIME)]: bundle.prime }),
        [PRIMING_SETTINGS_ASSET]: Buffer.from(JSON.stringify(OWN_RUNS[name])),
      },
      folder: join(folder, name),
    })
    return caches.own[name]
  })
  return cache && withFlagsHash(cache, hash)
}

/** As if it had been made without {@link SAME_BYTES}. */
function withFlagsHash(cache: Buffer, hash: number): Buffer {
  const patched = Buffer.from(cache)
  setFlagsHash(patched, hash)
  return patched
}

/** What it costs when nothing of the target can be run here. */
export function noCodeCaches(arch: Architecture): CodeCaches {
  const remedy =
    process.platform === 'linux'
      ? `build it on ${arch}, or install qemu-user and a C++ library for ${arch} (Debian: qemu-user-static libstdc++6-${arch === 'arm64' ? 'arm64' : 'amd64'}-cross)`
      : 'build it in a container, with `lambdabin build --docker`'
  return {
    assets: {},
    note: `nothing for Linux on ${arch} runs on this machine, so the executable was not tried, and has no code cache, which costs it a tenth to a third of its start-up time; ${remedy}`,
  }
}
