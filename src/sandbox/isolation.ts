/**
 * A sandbox that keeps what runs in it from this machine: namespaces for its mounts, processes, network, host name and shared memory.
 *
 * Beside Lambda's own paths, as `mount-namespace.ts` has them, it sees the folders of the system and nothing of anybody's: no home,
 * no project, no sockets of services, no devices. It sees no processes but those in it, and it has a network of its own, in which
 * there is nothing; a gate (`gate.ts`) leads to the ports that it is given. What it runs as is the user, but nobody's root: not even
 * root's run can undo the mounts.
 *
 * It takes util-linux's `unshare` and `mount`, iproute2's `ip`, and user namespaces. Where the system lacks one of them, there is the
 * next weaker sandbox. It is made for what a build runs by accident or by a bad package, and no promise against who attacks the kernel.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { gateProgram } from './gate.ts'
import { ETC_FOLDERS, fillEtc, hiddenFolders } from './hidden-folders.ts'
import { LAYERS_FOLDER, TASK_ROOT } from './mount-namespace.ts'
import { hostMounts, type Mount, mountTable, writableMounts } from './mount-table.ts'
import type { Bind, Command, OpenSandbox, Sandbox, SandboxView } from './sandbox.ts'
import { quoted } from './shell.ts'

const GATE_FOLDER = '/var/gate'
const GATE_NODE_FOLDER = '/var/gate-node'
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom']
/** In the order in which they are made, in the work folder. */
const PARTS = ['stage', 'empty', 'etc', 'dev']
const TABLE = 'mounts'
const PATIENCE_MS = 10_000
const LINKER_VARIABLE = /^(LD|GLIBC)_\w+$/

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

class Isolation implements Sandbox {
  readonly kind = 'isolation'
  readonly #programs: Programs

  constructor(programs: Programs) {
    this.#programs = programs
  }

  async open(view: SandboxView): Promise<OpenSandbox> {
    return this.#open(view)
  }

  /** With a network of its own, and a gate that listens in it. */
  works(parentFolder: string): boolean {
    const folder = mkdtempSync(join(parentFolder, 'try-'))
    try {
      const [taskRoot, temporaryFolder] = [join(folder, 'task'), join(folder, 'tmp')]
      mkdirSync(taskRoot)
      mkdirSync(temporaryFolder)
      const view = { taskRoot, temporaryFolder, workFolder: join(folder, 'work') }
      mkdirSync(view.workFolder)
      const { command, parameters, cwd } = this.#open(view).command('/bin/true')
      const { status } = spawnSync(command, parameters, {
        cwd,
        env: {},
        stdio: 'ignore',
        timeout: PATIENCE_MS,
      })
      return status === 0
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  #open(view: SandboxView): OpenIsolation {
    const workFolder = realpathSync(view.workFolder)
    for (const part of PARTS) {
      mkdirSync(join(workFolder, part), { recursive: true })
    }
    fillEtc(join(workFolder, 'etc'))
    const hidden = hiddenFolders()
    const onHost = hostMounts()
    writeFileSync(join(workFolder, TABLE), mountTable(mountsOf(view, workFolder, hidden), onHost))
    const { mount } = this.#programs
    const readOnly = writableMounts(onHost, [...hidden, '/var', '/opt', '/tmp', '/etc', '/dev']).map(
      ({ target, flags }) =>
        `${mount} -n -o ${['remount', 'bind', 'ro', ...flags].join(',')} ${quoted(target)}`,
    )
    const script = [
      'set -e',
      'cd /',
      `${mount} -n -t proc -o nosuid,nodev,noexec proc /proc`,
      // An ordinary user may not write there, and not every system has the command: it is no more than a name.
      '{ echo localhost >/proc/sys/kernel/hostname || hostname localhost || :; } 2>/dev/null',
      `${this.#programs.ip} link set lo up`,
      ...deviceCommands(mount, join(workFolder, 'dev')),
      `${mount} -n -a -T ${quoted(join(workFolder, TABLE))}`,
      ...readOnly,
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

/** In the order in which they have to be made. */
function mountsOf(view: SandboxView, workFolder: string, hidden: readonly string[]): Mount[] {
  const stage = join(workFolder, 'stage')
  const empty = join(workFolder, 'empty')
  const etc = join(workFolder, 'etc')
  const onStage = (path: string) => join(stage, path.slice('/var/'.length))
  const bind = (source: string, target: string, isWritable = false): Mount => ({
    source: realpathSync(source),
    target,
    isWritable,
  })
  const hiding: Mount[] = [
    { source: stage, target: '/var', isWritable: false, isRecursive: true },
    bind(view.layersFolder ?? empty, LAYERS_FOLDER),
    bind(view.temporaryFolder, '/tmp', true),
    ...hidden.map((folder) => bind(empty, folder)),
  ]
  const holds = ({ target }: Mount) => workFolder === target || workFolder.startsWith(`${target}/`)
  return [
    { source: undefined, target: stage, isWritable: true },
    bind(view.taskRoot, onStage(TASK_ROOT)),
    ...bindsOf(view).map(({ source, target, isWritable }) => bind(source, onStage(target), isWritable)),
    ...ETC_FOLDERS.filter((path) => existsSync(`/etc/${path}`)).map((path) =>
      bind(`/etc/${path}`, join(etc, path)),
    ),
    { source: etc, target: '/etc', isWritable: false, isRecursive: true },
    // What hides the work folder comes last: the sources of the others are in it.
    ...hiding.filter((mount) => !holds(mount)),
    ...hiding.filter(holds),
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

class OpenIsolation implements OpenSandbox {
  readonly taskRoot = TASK_ROOT
  readonly layersFolder = LAYERS_FOLDER
  readonly temporaryFolder = undefined
  readonly hasShell = true
  readonly #seen: readonly Bind[]
  readonly #script: string
  readonly #unshare: string

  constructor(view: SandboxView, script: string, unshare: string) {
    this.#seen = [
      { source: view.taskRoot, target: TASK_ROOT },
      { source: view.temporaryFolder, target: '/tmp' },
      ...(view.binds ?? []),
    ]
    this.#script = script
    this.#unshare = unshare
  }

  seen(path: string): string {
    const bind = this.#seen.find(({ source }) => path === source || path.startsWith(`${source}/`))
    return bind === undefined ? path : bind.target + path.slice(bind.source.length)
  }

  /** The namespaces end with the command, and all that is in them. */
  command(program: string, parameters: readonly string[] = [], variables: NodeJS.ProcessEnv = {}): Command {
    const linker = Object.entries(variables).filter(([name]) => LINKER_VARIABLE.test(name))
    const settings = linker.map(([name, value]) => `export ${name}=${quoted(value ?? '')}`)
    const user = [`--map-user=${process.geteuid?.()}`, `--map-group=${process.getegid?.()}`]
    const script = [this.#script, ...settings, '"$@"', 'exit $?'].join('\n')
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
        ...[this.#unshare, '--user', ...user, program, ...parameters],
      ],
      cwd: '/',
    }
  }

  environment<Variables extends NodeJS.ProcessEnv>(variables: Variables): Variables {
    const others = Object.entries(variables).filter(([name]) => !LINKER_VARIABLE.test(name))
    return Object.fromEntries(others) as Variables
  }
}

function find(name: string): string | undefined {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].map((folder) => `${folder}/${name}`).find(existsSync)
}
