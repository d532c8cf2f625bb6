/**
 * A sandbox that is a mount namespace: Lambda's own paths, and nothing to write to but `/tmp`.
 *
 * Its mounts are put together in a file system in memory (the stage), because an ordinary user cannot make `/var/task`:
 *
 *     <work folder>/stage   becomes /var, and hides the machine's
 *       task                the task root
 *       runtime, …          further folders
 *     /opt                  the layers' folder, or an empty one
 *     /node_modules         empty, if the machine has one
 *     /tmp                  the temporary folder
 *
 * At last all else becomes read-only.
 *
 * It takes util-linux's `unshare` and `mount`, and either a privileged user or user namespaces for everybody. In the
 * latter, mounting takes a namespace in which the user is root, and a second one inside makes them themselves again.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostMounts, type Mount, mountTable, writableMounts } from './mount-table.ts'
import type { Bind, Command, OpenSandbox, Sandbox, SandboxView } from './sandbox.ts'
import { enterCgroups, quoted } from './shell.ts'

export const TASK_ROOT = '/var/task'
export const LAYERS_FOLDER = '/opt'
const HIDDEN = ['/var', '/opt', '/tmp']

// In the work folder.
const STAGE = 'stage'
const EMPTY = 'empty'
const TABLE = 'mounts'

const PATIENCE_MS = 5000

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

class MountNamespace implements Sandbox {
  readonly kind = 'mount namespace'
  readonly #programs: Programs
  readonly #privileges: Privileges

  constructor(programs: Programs, privileges: Privileges) {
    this.#programs = programs
    this.#privileges = privileges
  }

  async open(view: SandboxView): Promise<OpenSandbox> {
    return this.#open(view)
  }

  works(parentFolder: string): boolean {
    const folder = mkdtempSync(join(parentFolder, 'try-'))
    try {
      const [taskRoot, temporaryFolder] = [join(folder, 'task'), join(folder, 'tmp')]
      mkdirSync(taskRoot)
      mkdirSync(temporaryFolder)
      const { command, parameters, cwd } = this.#open({
        taskRoot,
        temporaryFolder,
        workFolder: folder,
      }).command('/bin/true')
      const { status } = spawnSync(command, parameters, { cwd, stdio: 'ignore', timeout: PATIENCE_MS })
      return status === 0
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  #open(view: SandboxView): OpenMountNamespace {
    mkdirSync(join(view.workFolder, STAGE), { recursive: true })
    mkdirSync(join(view.workFolder, EMPTY), { recursive: true })
    const { table, script } = this.#plan(view)
    writeFileSync(join(view.workFolder, TABLE), table)
    return new OpenMountNamespace(view, script, this.#privileges)
  }

  #plan(view: SandboxView): { table: string; script: string } {
    const onHost = hostMounts()
    const { mount } = this.#programs
    const readOnly = writableMounts(onHost, HIDDEN).map(
      ({ target, flags }) =>
        `${mount} -n -o ${['remount', 'bind', 'ro', ...flags].join(',')} ${quoted(target)}`,
    )
    return {
      table: mountTable(mountsOf(view), onHost),
      // Without -n, mount would write down in /run what nobody else can see.
      script: [
        'set -e',
        'cd /',
        ...enterCgroups(view.cgroupFiles),
        `${mount} -n -a -T "$1"`,
        ...readOnly,
        `cd ${TASK_ROOT}`,
        'unset OLDPWD',
        'shift',
      ].join('\n'),
    }
  }
}

/** In the order in which they have to be made. */
function mountsOf(view: SandboxView): Mount[] {
  const workFolder = realpathSync(view.workFolder)
  const stage = join(workFolder, STAGE)
  const empty = join(workFolder, EMPTY)
  const onStage = (path: string) => join(stage, path.slice('/var/'.length))
  const bind = (source: string, target: string, isWritable = false): Mount => ({
    source: realpathSync(source),
    target,
    isWritable,
  })
  const { layersFolder = empty, binds = [] } = view
  const hiding: Mount[] = [
    { source: stage, target: '/var', isWritable: false, isRecursive: true },
    bind(layersFolder, LAYERS_FOLDER),
    bind(view.temporaryFolder, '/tmp', true),
  ]
  return [
    { source: undefined, target: stage, isWritable: true },
    bind(view.taskRoot, onStage(TASK_ROOT)),
    ...binds.map(({ source, target, isWritable }) => bind(source, onStage(target), isWritable)),
    ...(existsSync('/node_modules') ? [bind(empty, '/node_modules')] : []),
    // What hides the work folder comes last: the sources of the others are in it.
    ...hiding.filter(({ target }) => !isIn(workFolder, target)),
    ...hiding.filter(({ target }) => isIn(workFolder, target)),
  ]
}

class OpenMountNamespace implements OpenSandbox {
  readonly taskRoot = TASK_ROOT
  readonly layersFolder = LAYERS_FOLDER
  readonly temporaryFolder = undefined
  readonly #seen: readonly Bind[]
  readonly #script: string
  readonly #table: string
  readonly #privileges: Privileges

  constructor(view: SandboxView, script: string, privileges: Privileges) {
    const { taskRoot, temporaryFolder, layersFolder, binds = [], workFolder } = view
    this.#seen = [
      { source: taskRoot, target: TASK_ROOT },
      { source: temporaryFolder, target: '/tmp' },
      ...(layersFolder === undefined ? [] : [{ source: layersFolder, target: LAYERS_FOLDER }]),
      ...binds,
    ]
    this.#script = script
    this.#table = join(workFolder, TABLE)
    this.#privileges = privileges
  }

  seen(path: string): string {
    const bind = this.#seen.find(({ source }) => isIn(path, source))
    return bind === undefined ? path : bind.target + path.slice(bind.source.length)
  }

  /** Variables of the dynamic linker are for the program alone, and not for what mounts. */
  command(program: string, parameters: readonly string[] = [], variables: NodeJS.ProcessEnv = {}): Command {
    const { outer, inner } = this.#privileges
    const [command = '', ...before] = outer
    const linker = Object.entries(variables).filter(([name]) => LINKER_VARIABLE.test(name))
    const settings = linker.map(([name, value]) => `export ${name}=${quoted(value ?? '')}`)
    const script = [this.#script, ...settings, 'exec "$@"'].join('\n')
    return {
      command,
      parameters: [...before, '/bin/sh', '-c', script, 'sh', this.#table, ...inner, program, ...parameters],
      cwd: '/',
    }
  }

  environment<Variables extends NodeJS.ProcessEnv>(variables: Variables): Variables {
    const others = Object.entries(variables).filter(([name]) => !LINKER_VARIABLE.test(name))
    return Object.fromEntries(others) as Variables
  }
}

/** They are carried by the command, so that they take effect with the program. */
const LINKER_VARIABLE = /^(LD|GLIBC)_\w+$/

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

function find(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`].find(existsSync)
}
