/**
 * A sandbox that keeps what runs in it from this machine: namespaces for its mounts, processes, network, host name and shared memory.
 *
 * Beside Lambda's own paths (`lambda-view.ts`) it sees the folders of the system and nothing of anybody's: no home,
 * no project, no sockets of services, no devices. It sees no processes but those in it, and it has a network of its own, in which
 * there is nothing; a gate (`gate.ts`) leads to the ports that it is given. What it runs as is the user, but nobody's root: not even
 * root's run can undo the mounts.
 *
 * It takes util-linux's `unshare` and `mount`, iproute2's `ip`, and user namespaces. Where the system lacks one of them, there is the
 * next weaker sandbox. It is made for what a build runs by accident or by a bad package, and no promise against who attacks the kernel.
 */

import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { gateProgram } from './gate.ts'
import { ETC_FOLDERS, fillEtc, hiddenFolders } from './hidden-folders.ts'
import {
  bindMount,
  EMPTY,
  lambdaMounts,
  linkerSettings,
  MountingSandbox,
  OpenMountingSandbox,
  remountReadOnly,
  STAGE,
  TASK_ROOT,
} from './lambda-view.ts'
import { hostMounts, type Mount, mountTable } from './mount-table.ts'
import type { Bind, Command, Sandbox, SandboxView } from './sandbox.ts'
import { quoted } from './shell.ts'

const GATE_FOLDER = '/var/gate'
const GATE_NODE_FOLDER = '/var/gate-node'
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom']
/** In the order in which they are made, in the work folder. */
const PARTS = [STAGE, EMPTY, 'etc', 'dev']
const TABLE = 'mounts'

interface Programs {
  readonly unshare: string
  readonly mount: string
  readonly ip: string
}

/** Undefined when the system has none for this user. Tries it out in `workFolder`. */
export function findIsolation(workFolder: string): Sandbox | undefined {
  const [unshare, mount, ip] = ['unshare', 'mount', 'ip'].map(find)
  if (process.platform !== 'linux' || !unshare || !mount || !ip) {
    return undefined
  }
  const sandbox = new Isolation({ unshare, mount, ip })
  return sandbox.works(workFolder) ? sandbox : undefined
}

class Isolation extends MountingSandbox {
  readonly kind = 'isolation'
  protected readonly patienceMs = 10_000
  readonly #programs: Programs

  constructor(programs: Programs) {
    super()
    this.#programs = programs
  }

  /** With a network of its own, and a gate that listens in it. */
  protected openView(view: SandboxView): OpenIsolation {
    const workFolder = realpathSync(view.workFolder)
    for (const part of PARTS) {
      mkdirSync(join(workFolder, part), { recursive: true })
    }
    fillEtc(join(workFolder, 'etc'))
    const hidden = hiddenFolders()
    const onHost = hostMounts()
    const mounts = lambdaMounts(view, bindsOf(view), etcMounts(join(workFolder, 'etc')), hidden)
    writeFileSync(join(workFolder, TABLE), mountTable(mounts, onHost))
    const { mount } = this.#programs
    const script = [
      'set -e',
      'cd /',
      `${mount} -n -t proc -o nosuid,nodev,noexec proc /proc`,
      // An ordinary user may not write there, and not every system has the command: it is no more than a name.
      '{ echo localhost >/proc/sys/kernel/hostname || hostname localhost || :; } 2>/dev/null',
      `${this.#programs.ip} link set lo up`,
      ...deviceCommands(mount, join(workFolder, 'dev')),
      `${mount} -n -a -T ${quoted(join(workFolder, TABLE))}`,
      ...remountReadOnly(mount, onHost, [...hidden, '/var', '/opt', '/tmp', '/etc', '/dev']),
      ...gateCommands(view),
      `cd ${TASK_ROOT}`,
      'unset OLDPWD',
      'set +e',
    ]
    return new OpenIsolation(view, script.join('\n'), this.#programs.unshare)
  }
}

/** Of the machine's devices those that hold nothing. */
function deviceCommands(mount: string, folder: string): string[] {
  const place = quoted(folder)
  return [
    `${mount} -n -t tmpfs -o size=64k,mode=755 tmpfs ${place}`,
    ...DEVICES.map((name) => `: >${place}/${name}; ${mount} -n --bind /dev/${name} ${place}/${name}`),
    `mkdir -m 1777 ${place}/shm`,
    `ln -s /proc/self/fd ${place}/fd; ln -s fd/0 ${place}/stdin; ln -s fd/1 ${place}/stdout; ln -s fd/2 ${place}/stderr`,
    `${mount} -n --rbind ${place} /dev`,
  ]
}

/** It says so when it listens, and ends with the shell, which is the first process of the namespace. */
function gateCommands({ gate }: SandboxView): string[] {
  if (gate === undefined) {
    return []
  }
  const node = `${GATE_NODE_FOLDER}/${basename(realpathSync(process.execPath))}`
  const words = [node, ...gateProgram(GATE_FOLDER, gate.ports)].map(quoted).join(' ')
  return [`{ env -i ${words} 2>/dev/null 3>&- & } | read -r _`]
}

/** A minimal one, with what of the host's programs need. */
function etcMounts(etc: string): Mount[] {
  return [
    ...ETC_FOLDERS.filter((path) => existsSync(`/etc/${path}`)).map((path) =>
      bindMount(`/etc/${path}`, join(etc, path)),
    ),
    { source: etc, target: '/etc', isWritable: false, isRecursive: true },
  ]
}

function bindsOf({ binds = [], gate }: SandboxView): Bind[] {
  const ofGate =
    gate === undefined
      ? []
      : [
          { source: gate.folder, target: GATE_FOLDER },
          { source: dirname(realpathSync(process.execPath)), target: GATE_NODE_FOLDER },
        ]
  return [...binds, ...ofGate]
}

class OpenIsolation extends OpenMountingSandbox {
  readonly hasShell = true
  readonly #script: string
  readonly #unshare: string

  constructor(view: SandboxView, script: string, unshare: string) {
    super(view)
    this.#script = script
    this.#unshare = unshare
  }

  /** The namespaces end with the command, and all that is in them: to make them takes longer than to start a program. */
  command(
    program: string,
    parameters: readonly string[] = [],
    variables: NodeJS.ProcessEnv = {},
    next: readonly string[] = [],
  ): Command {
    const user = [`--map-user=${process.geteuid?.()}`, `--map-group=${process.getegid?.()}`]
    const asUser = [this.#unshare, '--user', ...user]
    const runsNext = next.length > 0
    const words = [...asUser, ...next].map(quoted).join(' ')
    const script = [
      ...[this.#script, ...linkerSettings(variables), '"$@"', 'status=$?'],
      // The descriptor 3 is of a pipe to the first, which has its end when nobody has it.
      ...(runsNext ? [`${words} </dev/null >/dev/null 2>&1 3>&-`] : []),
      'exit $status',
    ].join('\n')
    return {
      command: this.#unshare,
      parameters: [
        ...[
          '--user',
          '--map-root-user',
          '--mount',
          '--pid',
          '--net',
          '--ipc',
          '--uts',
          '--fork',
          '--kill-child',
        ],
        ...['/bin/sh', '-c', script, 'sh'],
        ...[...asUser, program, ...parameters],
      ],
      cwd: '/',
      runsNext,
    }
  }
}

function find(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => `${folder}/${name}`).find(existsSync)
}
