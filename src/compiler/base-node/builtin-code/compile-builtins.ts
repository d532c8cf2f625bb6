/**
 * Has the Node.js of executables come with what functions use of its own JavaScript already compiled.
 *
 * Node.js has a code cache of each of its modules, made when it was built: without having run anything, so that the functions
 * in a module are compiled one by one, when they are first called. For the first HTTPS request that is 9 ms of CPU, and for a
 * start some tenths of one. Here, Node.js itself runs what functions use of it and makes the caches anew, and they take
 * the place of the old ones. Nothing but bytecode is in them, of the same sources; V8 checks each as ever, and compiles the
 * sources where one does not fit.
 *
 * It is done for a Node.js whose caches are found where they are expected ({@link ./embedded-caches.ts}), that can be run here,
 * and that takes the new ones, which is tried.
 */

import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltinCode } from '../../../build-time/contract.ts'
import { parseElf } from '../../elf/elf-file.ts'
import { startWritten } from '../../text-busy.ts'
import type { ChangedNode } from '../changed-node.ts'
import { flagsHash, readCodeCacheHeader, setFlagsHash } from '../code-cache-header.ts'
import type { TargetRunner } from '../target-runner.ts'
import { type EmbeddedCache, findEmbeddedCaches } from './embedded-caches.ts'
import { hasPlacedCaches, placeCaches } from './place-caches.ts'
import { runWorkload, WORKLOAD_OPTIONS } from './run-workload.ts'

const CONSEQUENCE =
  'this Node.js compiles its own code when it is first called, 9 ms of CPU of a first HTTPS request'
const TIMEOUT_MS = 60_000

/**
 * The bytes of `executable`, a Node.js that `runner` runs here, with those caches. `folder` is not there yet, and for what
 * comes in between. `fileName` is for messages.
 */
export async function compileBuiltins(
  executable: Buffer,
  fileName: string,
  runner: TargetRunner | undefined,
  folder: string,
): Promise<ChangedNode> {
  const keep = (why: string) => ({ bytes: executable, kept: `${CONSEQUENCE}: ${why}` })
  if (runner === undefined) {
    return keep('it cannot be run on this machine')
  }
  await mkdir(folder, { recursive: true })
  const elf = parseElf(executable, fileName)
  const node = join(folder, 'node')
  await writeFile(node, executable, { mode: 0o755 })
  try {
    const header = await readCodeCacheHeader([...runner, node])
    if (hasPlacedCaches(executable, elf, header)) {
      return { bytes: executable, kept: undefined }
    }
    const embedded = findEmbeddedCaches(executable, elf, header)
    if (embedded === undefined) {
      return keep('its code caches are not where those of Node.js 22, 24 and 26 are')
    }
    const bytes = Buffer.from(executable)
    const code = await makeCaches(bytes, embedded, runner, folder)
    if (code.failed.length > 0) {
      return keep(`it does not do what others do (${code.failed.join('; ')})`)
    }
    setAllFlags(bytes, embedded, flagsHash(header))
    if (placeCaches(bytes, elf, embedded, withFlags(code, flagsHash(header))) === 0) {
      return keep('there is no place for more of it')
    }
    await writeFile(node, bytes, { mode: 0o755 })
    const refused = await refusedCaches([...runner, node], code.loaded)
    return refused.length === 0 ? { bytes, kept: undefined } : keep(`it does not take ${refused.join(', ')}`)
  } catch (error) {
    return keep(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

/**
 * V8 keeps the code of a module where it can be had again only if it took the module's old cache, so these say that they were
 * made with the flags that the run has.
 */
async function makeCaches(
  bytes: Buffer,
  embedded: readonly EmbeddedCache[],
  runner: TargetRunner,
  folder: string,
): Promise<BuiltinCode> {
  const node = join(folder, 'node')
  const header = await readCodeCacheHeader([...runner, node, ...WORKLOAD_OPTIONS])
  setAllFlags(bytes, embedded, flagsHash(header))
  await writeFile(node, bytes, { mode: 0o755 })
  return runWorkload(node, runner, folder)
}

function setAllFlags(bytes: Buffer, embedded: readonly EmbeddedCache[], hash: number): void {
  for (const { offset } of embedded) {
    setFlagsHash(bytes, hash, offset)
  }
}

function withFlags(code: BuiltinCode, hash: number): BuiltinCode {
  const modules = Object.entries(code.modules).map(([id, { length, cache }]) => {
    const bytes = Buffer.from(cache ?? '', 'base64')
    if (bytes.length > 0) {
      setFlagsHash(bytes, hash)
    }
    return [id, { length, cache: bytes.toString('base64') }]
  })
  return { ...code, modules: Object.fromEntries(modules) }
}

/** Those of the modules that V8 has to compile although there is a cache. Node.js counts them, for its own tests. */
async function refusedCaches(
  [command = '', ...words]: readonly string[],
  modules: readonly string[],
): Promise<string[]> {
  const program = `
    for (const name of require('node:module').builtinModules) {
      if (!name.startsWith('internal/')) process.getBuiltinModule(name)
    }
    const { internalBinding } = require('internal/test/binding')
    const { compiledWithoutCache } = internalBinding('builtins').getCacheUsage()
    process.stdout.write(JSON.stringify([...compiledWithoutCache]))`
  const parameters = [...words, '--expose-internals', '--no-warnings', '-e', program]
  const options = { env: {}, timeout: TIMEOUT_MS }
  const { stdout } = await startWritten(() => promisify(execFile)(command, parameters, options))
  const without = new Set(JSON.parse(stdout) as string[])
  return modules.filter((id) => without.has(id))
}
