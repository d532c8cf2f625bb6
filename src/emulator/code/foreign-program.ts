/**
 * Whether this machine can run a package's programs: they are for one architecture, and an emulator for another may be registered
 * with the system (binfmt_misc).
 *
 * Sources: elf(5), and admin-guide/binfmt-misc.rst of the kernel's documentation.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { LAYER_RUNTIME } from '../../executable/format.ts'
import { type DeploymentPackage, executables } from './deployment-package.ts'
import { DeploymentPackageError } from './deployment-package-error.ts'

/** `e_machine` of an ELF file, as Node.js names it. */
const MACHINES: Readonly<Record<number, string>> = { 62: 'x64', 183: 'arm64' }
const MACHINE_OFFSET = 18
/** As much of a file as the kernel looks at. */
const HEAD_BYTES = 128
const BINFMT_FOLDER = '/proc/sys/fs/binfmt_misc'

/**
 * Rejects with a DeploymentPackageError where none of the programs at the top of `path`, the package, and of a runtime layer's in
 * `layersFolder` is for this machine. A script may run anything.
 */
export async function checkPrograms(
  path: string,
  opened: DeploymentPackage,
  layersFolder?: string,
): Promise<void> {
  const foreign: string[] = []
  const files = ['bootstrap', ...(await executables(opened))].map((name) => join(opened.folder, name))
  const all = layersFolder === undefined ? files : [...files, join(layersFolder, LAYER_RUNTIME)]
  for (const file of all.filter(existsSync)) {
    const name = basename(file)
    const head = await readHead(file)
    const architecture = architectureOf(head)
    const isScript = name !== 'bootstrap' && head.toString('latin1', 0, 2) === '#!'
    if (isScript || architecture === process.arch || (architecture !== undefined && isEmulated(head))) {
      return
    }
    foreign.push(...(architecture === undefined ? [] : [`${name} is for ${architecture}`]))
  }
  const [first] = foreign
  if (first !== undefined) {
    throw new DeploymentPackageError(
      `expected a program for ${process.arch}, this machine's architecture, in ${path}, but ${first}; ` +
        `build it with --arch ${process.arch} to try it here, or register an emulator (Debian: qemu-user-static)`,
    )
  }
}

async function readHead(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Undefined for what is no ELF file, or one of a machine that Lambda does not have. */
function architectureOf(head: Buffer): string | undefined {
  return head.length > MACHINE_OFFSET + 1 && head.toString('latin1', 0, 4) === '\x7fELF'
    ? MACHINES[head.readUInt16LE(MACHINE_OFFSET)]
    : undefined
}

function isEmulated(head: Buffer): boolean {
  try {
    return readdirSync(BINFMT_FOLDER)
      .filter((name) => name !== 'register' && name !== 'status')
      .some((name) => matches(readFileSync(join(BINFMT_FOLDER, name), 'latin1'), head))
  } catch {
    return false // The system has no such thing.
  }
}

/** Whether an emulator that is registered so, in the kernel's words, is for files that begin with `head`. */
export function matches(registered: string, head: Buffer): boolean {
  const [, offset] = /^offset (\d+)$/m.exec(registered) ?? []
  const [, magic] = /^magic ([\da-f]+)$/m.exec(registered) ?? []
  if (!registered.startsWith('enabled') || offset === undefined || magic === undefined) {
    return false
  }
  const wanted = Buffer.from(magic, 'hex')
  const [, maskText = 'ff'.repeat(wanted.length)] = /^mask ([\da-f]+)$/m.exec(registered) ?? []
  const mask = Buffer.from(maskText, 'hex')
  return wanted.every((byte, at) => {
    const bits = mask[at] ?? 0xff
    return ((head[Number(offset) + at] ?? 0) & bits) === (byte & bits)
  })
}
