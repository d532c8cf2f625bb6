/**
 * Has V8's heap grow up to nine tenths of the function's memory, as in AWS's managed runtime, whose bootstrap says
 * `--max-old-space-size`, and half of its young generation up to a twentieth (`--max-semi-space-size`), but never above V8's own 64 MiB.
 * V8 would choose the latter by the machine's memory, so that a heap on a developer's could be larger than the function's memory.
 *
 * Half of the young generation begins with 4 MiB, where V8 begins with 1 and grows once what is in it has outlived a collection. All that a
 * function makes as it loads does: one with an AWS SDK client was collected three times before its first invocation, a tenth of its start, for
 * nothing. With 8 MiB its first invocation is slower by the pages that it touches for the first time.
 *
 * V8 by itself takes half of what memory the machine has, and nothing of JavaScript can change that later. An option would: it
 * counts among the flags that each code cache and snapshot is made for, so that a cache for each size of memory would be
 * needed. So the limit is set where Node.js sets it, as it makes an isolate: its calls of the exported
 * `v8::ResourceConstraints::ConfigureDefaults` lead to code that makes the same call, and then writes down the limit. An option `--max-old-space-size` of NODE_OPTIONS wins as ever, and so do a Worker's resource limits.
 *
 * The code lies behind the program's own, where the segment ends and its last page does not.
 */

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { addCode } from '../elf/added-code.ts'
import { type ElfFile, parseElf } from '../elf/elf-file.ts'
import { findSymbol } from '../elf/elf-symbols.ts'
import { callersOf, textSection, writeCall } from '../elf/machine-code.ts'
import { startWritten } from '../text-busy.ts'
import type { ChangedNode } from './changed-node.ts'
import { heapLimitCode } from './heap-limit-code.ts'
import type { TargetRunner } from './target-runner.ts'

const CONSEQUENCE = 'the heap of this Node.js may take half of the memory that the machine has'
const DEFAULTS = /^_ZN2v819ResourceConstraints17ConfigureDefaultsEmm$/
const GETENV = /^uv_os_getenv$/
/** Node.js has three: for its main thread, for Workers, and for who embeds it. */
const MOST_CALLS = 8
const TIMEOUT_MS = 60_000
const MIB = 1_048_576

/**
 * The bytes of `executable` with that code, tried with `runner` where it can be run. `scratch` is the path of a file that is
 * not there yet. `fileName` is for messages.
 */
export async function followFunctionMemory(
  executable: Buffer,
  fileName: string,
  runner: TargetRunner | undefined,
  scratch: string,
): Promise<ChangedNode> {
  const bytes = withHeapLimit(executable, fileName)
  if (bytes === undefined) {
    return {
      bytes: executable,
      kept: `${CONSEQUENCE}: what sets its limit is not as in Node.js 22, 24 and 26`,
    }
  }
  if (runner === undefined) {
    return { bytes, kept: undefined }
  }
  await writeFile(scratch, bytes, { mode: 0o755 })
  const failure = await tryHeapLimit([...runner, scratch])
  return failure === undefined
    ? { bytes, kept: undefined }
    : { bytes: executable, kept: `${CONSEQUENCE}: with another limit it ${failure}` }
}

/** Undefined where the functions, or a place for the code, are not as they are known. */
export function withHeapLimit(executable: Buffer, fileName: string): Buffer | undefined {
  const elf = parseElf(executable, fileName)
  const [defaults, getenv] = [DEFAULTS, GETENV].map((name) => findFunction(executable, elf, name))
  const text = textSection(elf)
  if (defaults === undefined || getenv === undefined || text === undefined) {
    return undefined
  }
  const calls = callersOf(executable, elf, defaults)
  if (calls.length === 0 || calls.length > MOST_CALLS) {
    return undefined
  }
  const added = addCode(executable, elf, defaults, (address) =>
    heapLimitCode(elf.architecture, address, { defaults, getenv }),
  )
  if (added === undefined) {
    return undefined
  }
  const { bytes, address } = added
  for (const call of calls) {
    writeCall(bytes, call - text.address + text.offset, elf.architecture, address - call)
  }
  return bytes
}

/** The address of what is exported; all of it that is looked for here is in the program's own code. */
function findFunction(bytes: Buffer, elf: ElfFile, name: RegExp): number | undefined {
  const symbol = findSymbol(bytes, elf, name)
  const text = textSection(elf)
  return symbol && text && symbol.offset - text.offset + text.address
}

/** Resolves to what is wrong, as the rest of a sentence; undefined when all is well. */
async function tryHeapLimit(command: readonly string[]): Promise<string | undefined> {
  try {
    const [less, more] = [await heapOf(command, 1000), await heapOf(command, 3000)]
    if (more.limit - less.limit !== 1800 * MIB) {
      return `has one of ${less.limit} and of ${more.limit} bytes for 1,000 and 3,000 MB`
    }
    return less.young > 3 * MIB ? undefined : `begins with ${less.young} bytes for new objects`
  } catch (error) {
    return `does not start (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`
  }
}

/** How large the heap of a process may become that has the variable of a function of `memory` MB, and what it begins with for new objects. */
async function heapOf(
  [command = '', ...words]: readonly string[],
  memory: number,
): Promise<{ limit: number; young: number }> {
  const program = `
    const space = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')
    const young = space.space_used_size + space.space_available_size
    process.stdout.write([v8.getHeapStatistics().heap_size_limit, young].join(' '))`
  const options = { env: { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memory) }, timeout: TIMEOUT_MS }
  const { stdout } = await startWritten(() =>
    promisify(execFile)(command, [...words, '-e', program], options),
  )
  const [limit = Number.NaN, young = Number.NaN] = stdout.split(' ').map(Number)
  return { limit, young }
}
