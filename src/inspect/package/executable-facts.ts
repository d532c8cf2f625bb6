/** What an executable tells of itself besides its parts: its format, its Node.js, and what it needs to run. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Architecture, readArchitecture } from '../../compiler/elf/elf-file.ts'
import { type RuntimeRequirements, requirementsOf } from '../../compiler/package/runtime-requirements.ts'
import type { OpenedPackage } from './open-package.ts'

export interface ExecutableFacts extends RuntimeRequirements {
  readonly format: number | undefined
  readonly nodeVersion: string | undefined
  readonly arch: Architecture | undefined
}

/** `name` is that of an executable in the package; where it has none, `script` is that of a function for a layer. */
export async function readExecutableFacts(
  { folder, files }: OpenedPackage,
  name: string | undefined,
  script: string | undefined,
): Promise<ExecutableFacts> {
  if (name === undefined) {
    const text = script === undefined ? Buffer.alloc(0) : await readFile(join(folder, script))
    const nothing = { nodeVersion: undefined, arch: undefined, glibc: undefined, runtimes: [] }
    return { format: findFormat(text), ...nothing }
  }
  const executable = join(folder, name)
  const bytes = await readFile(executable)
  const arch = readArchitecture(bytes, executable)
  const others = files.map(({ path }) => ({ path, source: join(folder, path), executable: false }))
  return {
    format: findFormat(bytes),
    nodeVersion: findNodeVersion(bytes),
    arch,
    ...(await requirementsOf(executable, others, arch)),
  }
}

/** Of the first script that there is: see `executable/format.ts`. */
function findFormat(bytes: Buffer): number | undefined {
  const begin = '/*lambdabin '
  for (let at = bytes.indexOf(begin); at !== -1; at = bytes.indexOf(begin, at + 1)) {
    const [, version] = /^\/\*lambdabin (\d+)\*\/\(/.exec(bytes.toString('latin1', at, at + 40)) ?? []
    if (version !== undefined) {
      return Number(version)
    }
  }
  return undefined
}

/** From the address of its sources, which it has for `process.release`. */
function findNodeVersion(bytes: Buffer): string | undefined {
  const begin = 'node-v'
  for (let at = bytes.indexOf(begin); at !== -1; at = bytes.indexOf(begin, at + 1)) {
    const text = bytes.toString('latin1', at, at + 40)
    const [, version] = /^node-v(\d+\.\d+\.\d+)\.tar\.gz/.exec(text) ?? []
    if (version !== undefined) {
      return version
    }
  }
  return undefined
}
