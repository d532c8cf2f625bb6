/**
 * Has a startup snapshot come with what functions use of Node.js's own JavaScript already compiled, as the Node.js of other
 * executables does (`../../base-node/builtin-code/`).
 *
 * Node.js's `http` and `tls` cannot be in a snapshot, so a function that connects to others loads them in the init phase. For each
 * module that is not in the heap, the snapshot has a code cache of its own, since V8 takes none that was made with another
 * read-only heap: made without having run anything, so that 6 ms of CPU of such a start went into compiling. Here, a process that
 * begins with the snapshot runs what functions use of Node.js, and makes the caches anew. It does not come to the function, other than
 * to what that has asked Node.js to call as a snapshot is taken up.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltinCode } from '../../../build-time/contract.ts'
import { SELF_TEST_OPTION } from '../../../executable/format.ts'
import type { PrimedPart } from '../../../executable/priming-settings.ts'
import { WORKLOAD_OPTIONS, withServers } from '../../base-node/builtin-code/run-workload.ts'
import {
  flagsHash,
  HEADER_BYTES,
  isOfSameKind,
  readCodeCacheHeader,
  setFlagsHash,
} from '../../base-node/code-cache-header.ts'
import { bundleBuiltinCode } from '../../bundle/bundle-runtime.ts'
import { CONNECTING } from '../../prime/primed-parts.ts'
import { onAbandon } from '../../unfinished-work.ts'
import { openBuildSandbox } from '../build-sandbox.ts'
import { findCodeCache, findSnapshot, withCodeCaches } from '../snapshot-blob.ts'

const CONSEQUENCE = 'what Node.js loads to connect is compiled at each start, 6 ms of CPU,'
/** A third of a second is what it takes. */
const TIMEOUT_MS = 30_000

/** What the function does with Node.js in its init phase: what is primed of it, and the handler's rehearsal. */
export type BuiltinWork = PrimedPart | 'rehearsal'

export interface CompiledModulesOptions {
  /** A SEA blob with a snapshot. */
  readonly blob: Buffer
  readonly work: readonly BuiltinWork[]
  /** The Node.js binary that made the snapshot. */
  readonly node: string
  /** What is shipped beside the executable. */
  readonly taskRoot: string
  /** A folder that is not there yet. */
  readonly folder: string
}

export interface CompiledModules {
  readonly blob: Buffer
  /** Why it is as it was, in one sentence. */
  readonly kept?: string
}

/** The blob with such code; as it is where the function connects to nothing, or where that cannot be done. */
export async function withCompiledModules(options: CompiledModulesOptions): Promise<CompiledModules> {
  const { blob, work, node, folder } = options
  if (!work.some((part) => part !== 'rehearsal' && CONNECTING.has(part))) {
    return { blob }
  }
  const snapshot = Buffer.from(findSnapshot(blob) ?? [])
  const entries = findCodeCache(snapshot)?.entries
  if (entries === undefined) {
    // It is of an unknown form, of which the build tells elsewhere.
    return { blob }
  }
  try {
    await mkdir(folder, { recursive: true })
    const hash = flagsHash(await readCodeCacheHeader([node, ...WORKLOAD_OPTIONS]))
    const originals = new Map(entries.map(({ module, cache }) => [module, Buffer.from(cache)]))
    for (const { cache } of entries) {
      setFlagsHash(cache, hash)
    }
    const code = await compile(snapshot, options)
    const caches = new Map(code.loaded.flatMap((module) => cacheOf(module, code, originals.get(module))))
    const compiled = withCodeCaches(blob, caches)
    return caches.size > 0 && compiled !== undefined
      ? { blob: compiled }
      : { blob, kept: `${CONSEQUENCE} as V8 gives no code of it away` }
  } catch (error) {
    return { blob, kept: `${CONSEQUENCE} because the build could not compile it (${explain(error)})` }
  }
}

/** Has a process that begins with `snapshot` run what functions use of Node.js, for what it does in the init phase. */
async function compile(
  snapshot: Buffer,
  { work, node, taskRoot, folder }: CompiledModulesOptions,
): Promise<BuiltinCode> {
  const file = join(folder, 'snapshot.blob')
  const program = join(folder, 'builtin-code.cjs')
  const output = join(folder, 'builtin-code.json')
  await Promise.all([writeFile(file, snapshot), writeFile(program, await bundleBuiltinCode())])
  await withServers(async (ports) => {
    const sandbox = await openBuildSandbox({ taskRoot, folder, node, programFolder: folder, ports })
    try {
      const words = [
        ...[...WORKLOAD_OPTIONS, '--no-warnings', '--snapshot-blob', sandbox.seen(file)],
        ...[sandbox.seen(program), sandbox.seen(output), ...ports.map(String), work.join(',')],
        // It keeps the snapshot's own program from asking for invocations.
        SELF_TEST_OPTION,
      ]
      const { command, parameters, cwd } = sandbox.command(sandbox.seen(node), words)
      // What Node.js preloads runs before what the snapshot has it call.
      const env = { NODE_OPTIONS: `--require=${JSON.stringify(sandbox.seen(program))}` }
      const running = promisify(execFile)(command, parameters, {
        cwd,
        env,
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      })
      const finished = onAbandon(() => running.child.kill('SIGKILL'))
      await running.finally(finished)
    } finally {
      sandbox.close()
    }
  })
  return JSON.parse(await readFile(output, 'utf8'))
}

/** The code cache of `module`, by its name, if V8 would take it where the snapshot has `original`. */
function cacheOf(module: string, { modules }: BuiltinCode, original: Buffer | undefined): [string, Buffer][] {
  const cache = Buffer.from(modules[module]?.cache ?? '', 'base64')
  if (original === undefined || cache.length <= HEADER_BYTES) {
    return []
  }
  setFlagsHash(cache, flagsHash(original))
  return isOfSameKind(original, 0, cache) ? [[module, cache]] : []
}

function explain(error: unknown): string {
  const { code, signal, message } = error as Error & { code?: unknown; signal?: unknown }
  // The message of a process that failed is its command line.
  return typeof code === 'number' || signal ? `exit status ${code ?? signal}` : (message.split('\n')[0] ?? '')
}
