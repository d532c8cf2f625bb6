/**
 * How to run, on this machine, a binary that is made for AWS Lambda: by itself where the processor is the same, else
 * under qemu's user-mode emulation if that is installed.
 */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, resolve } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import type { Architecture } from '../elf/elf-file.ts'

/** The words that a command starts with, before the binary's path: none, or `/usr/bin/qemu-aarch64-static -L FOLDER`. */
export type TargetRunner = readonly string[]

/** By the architecture that is emulated. The names and the folder are those of Debian's packages. */
const QEMU = {
  arm64: {
    commands: ['qemu-aarch64-static', 'qemu-aarch64'],
    libraries: '/usr/aarch64-linux-gnu',
  },
  x64: {
    commands: ['qemu-x86_64-static', 'qemu-x86_64'],
    libraries: '/usr/x86_64-linux-gnu',
  },
} as const

/** Emulated, Node.js takes half a second to tell its version. */
const TIMEOUT_MS = 30_000

/** How to run `binary`, a Node.js for Linux on `arch`; undefined when it cannot be run here. Never rejects. */
export async function findTargetRunner(
  binary: string,
  arch: Architecture,
): Promise<TargetRunner | undefined> {
  if (process.platform !== 'linux') {
    return undefined
  }
  if (process.arch === arch) {
    return []
  }
  const { commands, libraries } = QEMU[arch]
  for (const command of commands.flatMap(onPath)) {
    const runner = [command, ...libraryOptions(libraries)]
    if (await runs([...runner, binary, '--version'])) {
      return runner
    }
  }
  return undefined
}

/** What tells a runner from another: what is tried with one emulator another may run otherwise. Rejects where its program is gone. */
export async function identityOf(runner: TargetRunner | undefined): Promise<string> {
  const [program, ...words] = runner ?? []
  return program === undefined
    ? String(runner !== undefined)
    : [hash('sha256', await readFile(program)), ...words].join(' ')
}

/** Paths of the programs of a name, in order: what is run as on Lambda has Lambda's PATH, and finds nothing by name. */
function onPath(name: string): string[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => resolve(folder, name)).filter((file) => existsSync(file))
}

/** Where qemu is to look for the dynamic linker and the libraries: where its own variable says, else Debian's place. */
function libraryOptions(folder: string): string[] {
  const given = process.env.QEMU_LD_PREFIX
  if (given) {
    return ['-L', given]
  }
  return existsSync(folder) ? ['-L', folder] : []
}

async function runs([command = '', ...parameters]: readonly string[]): Promise<boolean> {
  return promisify(execFile)(command, parameters, { timeout: TIMEOUT_MS }).then(
    () => true,
    () => false,
  )
}
