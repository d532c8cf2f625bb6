/**
 * Starts contenders from `chunk-store.c`: a file system that fetches files in chunks of 512 KiB when they are first touched,
 * as Lambda fetches what is not yet on the host. Needs root, /dev/fuse and libfuse 3.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Contender } from '../contenders.ts'
import type { Runtime } from '../runtime-api-server.ts'

/** There can be no such file system here. */
export class ChunkStoreError extends Error {
  override readonly name = 'ChunkStoreError'
}

/** What a store has given out. */
export interface Fetched {
  /** Chunks of 512 KiB. */
  readonly chunks: number
  readonly bytes: number
}

const TIMEOUT_MS = 30_000

/** Compiles the file system into `folder`. Throws a {@link ChunkStoreError} where it could not be mounted. */
export function compileChunkStore(folder: string): string {
  if (process.getuid?.() !== 0) {
    throw new ChunkStoreError('it takes root')
  }
  if (!existsSync('/dev/fuse')) {
    throw new ChunkStoreError('there is no /dev/fuse')
  }
  const program = join(folder, 'chunk-store')
  const source = fileURLToPath(new URL('./chunk-store.c', import.meta.url))
  try {
    const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' })
    const options = flags.split(/\s+/).filter((flag) => flag !== '')
    execFileSync('cc', ['-O2', '-Wall', '-o', program, source, ...options], { stdio: ['ignore', 2, 2] })
  } catch (cause) {
    throw new ChunkStoreError('libfuse 3 is not installed (Debian: libfuse3-dev fuse3 pkg-config)', { cause })
  }
  return program
}

/**
 * Mounts what a contender ships, and calls `run` with the contender as it is there. Each chunk takes so many milliseconds when
 * it is first touched. Resolves to what `run` does, and to what was fetched.
 */
export async function fromChunkStore<Result>(
  store: string,
  contender: Contender,
  milliseconds: number,
  run: (runtime: Runtime) => Promise<Result>,
): Promise<Result & Fetched> {
  const folder = mkdtempSync(join(dirname(store), 'store-'))
  const [files, mounted] = [join(folder, 'files'), join(folder, 'mounted')]
  mkdirSync(files)
  mkdirSync(mounted)
  let child: ChildProcess | undefined
  try {
    const runtime = shippedInto(files, mounted, contender)
    child = spawn(store, [files, mounted, String(milliseconds)], { stdio: ['ignore', 'pipe', 'ignore'] })
    const output = readOutput(child)
    await output.until('mounted\n')
    const result = await run(runtime)
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    await ended
    child = undefined
    const fetched: Fetched = JSON.parse(output.text().slice(output.text().indexOf('{')))
    return { ...result, ...fetched }
  } finally {
    if (child !== undefined) {
      const ended = once(child, 'close')
      child.kill('SIGTERM')
      await ended
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Copies what is shipped, each of its folders to one of its own, and tells how it is started where it is mounted. */
function shippedInto(files: string, mounted: string, { shipped, ...contender }: Contender): Runtime {
  const paths = 'zips' in shipped ? [shipped.executable, ...(shipped.scripts ?? [])] : shipped
  // A package.json counts for the files that are beside it, and for no others.
  const folders = [...new Set(paths.map((path) => dirname(path)))]
  const placed = (path: string) => join(String(folders.indexOf(dirname(path))), basename(path))
  for (const path of paths) {
    cpSync(path, join(files, placed(path)), { recursive: true })
  }
  const there = (word: string) => {
    if (paths.includes(word)) {
      return join(mounted, placed(word))
    }
    return folders.includes(word) ? join(mounted, String(folders.indexOf(word))) : word
  }
  const [program, ...parameters] = contender.command
  const env = Object.entries(contender.env).map(([name, value]) => [name, there(value)])
  return {
    command: [there(program), ...parameters.map(there)],
    env: Object.fromEntries(env),
    cwd: there(contender.cwd),
    event: contender.event,
  }
}

function readOutput(child: ChildProcess) {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  const until = async (wanted: string) => {
    const late = AbortSignal.timeout(TIMEOUT_MS)
    while (!text.includes(wanted)) {
      const [code] = await Promise.race([
        once(child.stdout as NodeJS.ReadableStream, 'data', { signal: late }).then(() => []),
        once(child, 'exit', { signal: late }),
      ])
      if (typeof code === 'number') {
        throw new ChunkStoreError(`it could not be mounted (exit status ${code})`)
      }
    }
  }
  return { text: () => text, until }
}
