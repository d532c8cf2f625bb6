/**
 * The share of a machine that an execution environment gets, by the kernel's control groups.
 *
 * On Lambda, memory buys CPU: a function with 1,769 MB has a whole one, in periods of 20 ms; during the init phase each
 * has at least a whole one. The limit on memory is the kernel's, too. Source: AWS Lambda Developer Guide, "Configure
 * Lambda function memory", and measurements of the period by many.
 *
 * A group is made for each environment, in version 1 (a hierarchy for each controller) or 2 (one for all).
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers'

const MB_OF_A_CPU = 1769
const PERIOD_US = 20_000
/** The kernel refuses less. */
const LEAST_QUOTA_US = 1000
const ROOT = '/sys/fs/cgroup'
const REMOVAL_ATTEMPTS = 40

/** Where groups can be made. */
export interface CgroupHome {
  /** `PARENT/GROUP/cgroup.procs` and so on; the parents are ours. */
  version: 1 | 2
  cpu: string
  /** Undefined where memory cannot be limited. In version 2 the same as `cpu`. */
  memory: string | undefined
}

/** Makes the parents of groups. Throws, in a sentence, why there can be none. */
export function findCgroups(root = ROOT): CgroupHome {
  const name = `lambdabin-${process.pid}`
  try {
    removeStale(root)
    if (existsSync(join(root, 'cgroup.controllers'))) {
      return makeUnified(root, name)
    }
    const cpu = [join(root, 'cpu'), join(root, 'cpu,cpuacct')].find(
      (folder) => existsSync(join(folder, 'cpu.cfs_quota_us')) || existsSync(join(folder, 'cgroup.procs')),
    )
    if (cpu === undefined) {
      throw new Error('there is no controller for CPU')
    }
    return {
      version: 1,
      cpu: made(join(cpu, name)),
      memory: existsSync(join(root, 'memory', 'cgroup.procs')) ? made(join(root, 'memory', name)) : undefined,
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'EACCES' || code === 'EROFS' || code === 'EPERM' ? 'this user may make none' : message
    throw new Error(`no control groups can be had in ${root}: ${why}`, { cause: error })
  }
}

/** Deletes the parents; all environments are gone. */
export function removeCgroups({ cpu, memory }: CgroupHome): void {
  for (const folder of new Set([cpu, memory])) {
    remove(folder)
  }
}

export class EnvironmentCgroup {
  readonly #home: CgroupHome
  readonly #name: string
  readonly #memorySizeMb: number

  constructor(home: CgroupHome, name: string, memorySizeMb: number) {
    this.#home = home
    this.#name = name
    this.#memorySizeMb = memorySizeMb
    for (const folder of this.#folders) {
      made(folder)
    }
    this.#limitMemory()
    this.setPhase('init')
  }

  /** Files into which a process writes 0 to be in the group. */
  get files(): string[] {
    return this.#folders.map((folder) => join(folder, 'cgroup.procs'))
  }

  setPhase(phase: 'init' | 'invoke'): void {
    const share = this.#memorySizeMb / MB_OF_A_CPU
    const cpus = phase === 'init' ? Math.max(1, share) : share
    const quota = Math.max(LEAST_QUOTA_US, Math.round(PERIOD_US * cpus))
    const folder = join(this.#home.cpu, this.#name)
    if (this.#home.version === 2) {
      writeFileSync(join(folder, 'cpu.max'), `${quota} ${PERIOD_US}`)
      return
    }
    writeFileSync(join(folder, 'cpu.cfs_period_us'), String(PERIOD_US))
    writeFileSync(join(folder, 'cpu.cfs_quota_us'), String(quota))
  }

  /** All its processes have been ended; the kernel may take a moment to see that. */
  async remove(): Promise<void> {
    for (let attempt = 0; attempt < REMOVAL_ATTEMPTS && this.#folders.some(existsSync); attempt++) {
      this.#folders.forEach(remove)
      await new Promise((resolve) => setTimeout(resolve, attempt))
    }
  }

  get #folders(): string[] {
    const { cpu, memory } = this.#home
    const parents = memory === undefined || memory === cpu ? [cpu] : [cpu, memory]
    return parents.map((parent) => join(parent, this.#name))
  }

  #limitMemory(): void {
    const { version, memory } = this.#home
    if (memory !== undefined) {
      const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes'
      writeFileSync(join(memory, this.#name, file), String(this.#memorySizeMb * 1024 * 1024))
    }
  }
}

/** In version 2 a group with processes of its own cannot hand controllers down, so ours go beside this process's. */
function makeUnified(root: string, name: string): CgroupHome {
  const [, own = '/'] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  const parents = [...new Set([root, join(root, own, '..'), join(root, own)])]
  for (const parent of parents) {
    try {
      return inParent(parent, name)
    } catch {
      // Not delegated to this user, or it has processes.
    }
  }
  throw new Error('none of its groups hands the CPU controller down to this user')
}

function inParent(parent: string, name: string): CgroupHome {
  const controllers = readFileSync(join(parent, 'cgroup.controllers'), 'utf8').trim().split(' ')
  const wanted = ['cpu', 'memory'].filter((controller) => controllers.includes(controller))
  if (!wanted.includes('cpu')) {
    throw new Error('it has no CPU controller')
  }
  const enable = wanted.map((controller) => `+${controller}`).join(' ')
  writeFileSync(join(parent, 'cgroup.subtree_control'), enable)
  const folder = made(join(parent, name))
  try {
    writeFileSync(join(folder, 'cgroup.subtree_control'), enable)
  } catch (error) {
    remove(folder)
    throw error
  }
  return { version: 2, cpu: folder, memory: wanted.includes('memory') ? folder : undefined }
}

/** What an emulator has left behind that was killed. */
function removeStale(root: string): void {
  for (const parent of [root, join(root, 'cpu'), join(root, 'cpu,cpuacct'), join(root, 'memory')]) {
    for (const name of foldersIn(parent)) {
      const [, pid] = /^lambdabin-(\d+)$/.exec(name) ?? []
      if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
        for (const group of foldersIn(join(parent, name))) {
          remove(join(parent, name, group))
        }
        remove(join(parent, name))
      }
    }
  }
}

function foldersIn(parent: string): string[] {
  try {
    const entries = readdirSync(parent, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  } catch {
    return []
  }
}

function made(folder: string): string {
  mkdirSync(folder, { recursive: true })
  return folder
}

function remove(folder: string | undefined): void {
  try {
    if (folder !== undefined) {
      rmdirSync(folder)
    }
  } catch {
    // A process is still on its way out: the group stays, empty.
  }
}
