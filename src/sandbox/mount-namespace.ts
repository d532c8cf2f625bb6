/**
 * A sandbox that is a mount namespace: Lambda's own paths (`lambda-view.ts`), and nothing to write to but `/tmp`. `/node_modules` is
 * empty, if the machine has one.
 *
 * At last all else becomes read-only.
 *
 * It takes util-linux's `unshare` and `mount`, and either a privileged user or user namespaces for everybody. In the
 * latter, mounting takes a namespace in which the user is root, and a second one inside makes them themselves again.
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  bindMount,
  EMPTY,
  isIn,
  lambdaMounts,
  linkerSettings,
  MountingSandbox,
  OpenMountingSandbox,
  remountReadOnly,
  STAGE,
  TASK_ROOT,
} from './lambda-view.ts'
import { hostMounts, mountTable } from './mount-table.ts'
import type { Command, Sandbox, SandboxView } from './sandbox.ts'
import { enterCgroups } from './shell.ts'

const HIDDEN = ['/var', '/opt', '/tmp']

// In the work folder.
const TABLE = 'mounts'

/** Whether a sandbox of this kind shows something else than the host's at `path`, an absolute one. */
export function isOutOfSight(path: string): boolean {
  return HIDDEN.some((folder) => isIn(path, folder))
}

interface Programs {
  unshare: string
  mount: string
}

/** The words before the script that mounts, and those before the program that is run then. */
interface Privileges {
  outer: readonly string[]
  inner: readonly string[]
}

/** Undefined when the system has none for this user. Tries it out in `workFolder`. */
export function findMountNamespace(workFolder: string): Sandbox | undefined {
  const unshare = find('unshare')
  const mount = find('mount')
  if (process.platform !== 'linux' || unshare === undefined || mount === undefined) {
    return undefined
  }
  const programs = { unshare, mount }
  return waysToMount(unshare)
    .map((privileges) => new MountNamespace(programs, privileges))
    .find((sandbox) => sandbox.works(workFolder))
}

function waysToMount(unshare: string): Privileges[] {
  const asRoot = { outer: [unshare, '--mount'], inner: [] }
  const inner = [unshare, '--user', `--map-user=${process.geteuid?.()}`, `--map-group=${process.getegid?.()}`]
  const asAnybody = { outer: [unshare, '--user', '--map-root-user', '--mount'], inner }
  return process.geteuid?.() === 0 ? [asRoot, asAnybody] : [asAnybody]
}

class MountNamespace extends MountingSandbox {
  readonly kind = 'mount namespace'
  protected readonly patienceMs = 5000
  readonly #programs: Programs
  readonly #privileges: Privileges

  constructor(programs: Programs, privileges: Privileges) {
    super()
    this.#programs = programs
    this.#privileges = privileges
  }

  protected openView(view: SandboxView): OpenMountNamespace {
    mkdirSync(join(view.workFolder, STAGE), { recursive: true })
    mkdirSync(join(view.workFolder, EMPTY), { recursive: true })
    const { table, script } = this.#plan(view)
    writeFileSync(join(view.workFolder, TABLE), table)
    return new OpenMountNamespace(view, script, this.#privileges)
  }

  #plan(view: SandboxView): { table: string; script: string } {
    const onHost = hostMounts()
    const { mount } = this.#programs
    const empty = join(view.workFolder, EMPTY)
    const others = existsSync('/node_modules') ? [bindMount(empty, '/node_modules')] : []
    return {
      table: mountTable(lambdaMounts(view, view.binds ?? [], others), onHost),
      script: [
        'set -e',
        'cd /',
        ...enterCgroups(view.cgroupFiles),
        `${mount} -n -a -T "$1"`,
        ...remountReadOnly(mount, onHost, HIDDEN),
        `cd ${TASK_ROOT}`,
        'unset OLDPWD',
        'shift',
      ].join('\n'),
    }
  }
}

class OpenMountNamespace extends OpenMountingSandbox {
  readonly #script: string
  readonly #table: string
  readonly #privileges: Privileges

  constructor(view: SandboxView, script: string, privileges: Privileges) {
    super(view)
    this.#script = script
    this.#table = join(view.workFolder, TABLE)
    this.#privileges = privileges
  }

  /** Variables of the dynamic linker are for the program alone, and not for what mounts. */
  command(program: string, parameters: readonly string[] = [], variables: NodeJS.ProcessEnv = {}): Command {
    const { outer, inner } = this.#privileges
    const [command = '', ...before] = outer
    const script = [this.#script, ...linkerSettings(variables), 'exec "$@"'].join('\n')
    return {
      command,
      parameters: [...before, '/bin/sh', '-c', script, 'sh', this.#table, ...inner, program, ...parameters],
      cwd: '/',
    }
  }
}

function find(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`].find(existsSync)
}
