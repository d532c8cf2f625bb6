/**
 * The V8 code caches of an executable's texts, made after they have run.
 *
 * V8 compiles lazily: a cache made right after compiling holds the outermost functions only, and one made after the
 * function has been loaded, and has handled its sample events, holds what a cold start runs. Only code gets into the
 * package that way: a code cache holds bytecode, and nothing that was computed.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { cacheFolder } from '../../../bin/pinned-node.js'
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { textName } from '../bundle/text-name.ts'
import { runWarmUp } from './warm-up-run.ts'

export interface CodeCacheOptions {
  readonly bundle: RuntimeBundle
  /** The function's texts: its own, and those of its chunks. */
  readonly texts: readonly [Buffer, ...Buffer[]]
  /** The Node.js binary that the executable is made of. */
  readonly node: string
  /** How to run it on this machine. */
  readonly runner: TargetRunner
  /** The handler setting to warm the function up with. */
  readonly handler: string
  /** Paths of JSON files. */
  readonly events: readonly string[]
  /** The folder with what is shipped beside the executable. */
  readonly taskRoot: string
  /** A folder that is not there yet, for what comes in between. */
  readonly folder: string
}

export interface CodeCaches {
  /** By asset name; what could not be made is not there. */
  readonly assets: Readonly<Record<string, Buffer>>
  /** Why there is less in them than there might be, in one sentence; undefined when all went well. */
  readonly shortcoming: string | undefined
}

/**
 * V8 seeds its hashes anew in each process, and the order of things in a cache follows from them. These make it the
 * same in every build, so that the same sources give the same package.
 */
const SAME_BYTES = ['--hash-seed=1', '--random-seed=1', '--no-rehash-snapshot']

/** Where in a code cache V8 keeps the hash of the flags it was made with: a little-endian 32-bit number. */
const FLAGS_HASH_OFFSET = 12
const HEADER_BYTES = 32

/** The runtime is warmed up by itself, so that its cache is the same whatever the function does. */
export const STAND_IN = Buffer.from('(function (exports) { exports.handler = async (event) => event })')
export const STAND_IN_EVENTS = Array.from({ length: 5 }, () => Buffer.from('{"text":"Hello"}'))

/** Never rejects for what the function does: a cache that is missing costs speed, and nothing else. */
export async function makeCodeCaches(options: CodeCacheOptions): Promise<CodeCaches> {
  const { node, runner, bundle, folder, taskRoot } = options
  const command = [...runner, node]
  const flagsHash = await readFlagsHash(command)
  const common = {
    warmUp: bundle.warmUp,
    runtime: bundle.runtime,
    runner,
    node,
    nodeOptions: SAME_BYTES,
    taskRoot,
  }
  const runtime = await remember(runtimeKey(options, flagsHash), async () => {
    const run = { ...common, texts: [STAND_IN] as const, handler: 'stand-in', events: STAND_IN_EVENTS }
    return (await runWarmUp({ ...run, folder: join(folder, 'runtime') })).runtime
  })
  const events = await Promise.all(options.events.map((file) => readFile(file)))
  const { texts, shortcoming } = await runWarmUp({
    ...common,
    texts: options.texts,
    handler: options.handler,
    events,
    folder: join(folder, 'function'),
  })
  const assets: Record<string, Buffer> = {}
  if (runtime) {
    assets['runtime.cache'] = withFlagsHash(runtime, flagsHash)
  }
  for (const [number, cache] of texts.entries()) {
    if (cache) {
      assets[`${textName(number)}.cache`] = withFlagsHash(cache, flagsHash)
    }
  }
  return { assets, shortcoming }
}

async function readFlagsHash([command = '', ...parameters]: readonly string[]): Promise<number> {
  const program = `process.stdout.write(new (require('node:vm').Script)('0').createCachedData().subarray(0, ${HEADER_BYTES}))`
  const { stdout } = await promisify(execFile)(command, [...parameters, '-e', program], {
    encoding: 'buffer',
    env: {},
    timeout: 30_000,
  })
  return stdout.readUInt32LE(FLAGS_HASH_OFFSET)
}

/** V8 refuses a cache that was made with other flags; those that made this one change nothing in bytecode. */
function withFlagsHash(cache: Buffer, flagsHash: number): Buffer {
  const patched = Buffer.from(cache)
  patched.writeUInt32LE(flagsHash, FLAGS_HASH_OFFSET)
  return patched
}

function runtimeKey({ bundle, node }: CodeCacheOptions, flagsHash: number): string {
  const hash = createHash('sha256').update(bundle.warmUp).update(bundle.runtime)
  return hash.update(`${node}\n${flagsHash}`).digest('hex')
}

/** What an earlier build made of the same, or `make`s it. */
async function remember(key: string, make: () => Promise<Buffer | undefined>): Promise<Buffer | undefined> {
  const place = join(cacheFolder(), 'code-caches', `runtime-${key}`)
  const known = await readFile(place).catch(() => undefined)
  if (known) {
    return known
  }
  const made = await make()
  if (made) {
    await mkdir(dirname(place), { recursive: true })
    await writeFile(`${place}.${process.pid}`, made)
    await rename(`${place}.${process.pid}`, place)
  }
  return made
}
