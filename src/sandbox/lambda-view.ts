/**
 * Lambda's own paths, as a process sees them whose sandbox is made of mounts: what the kinds of such sandboxes have in common.
 *
 * The mounts are put together in a file system in memory (the stage), because an ordinary user cannot make `/var/task`:
 *
 *     <work folder>/stage   becomes /var, and hides the machine's
 *       task                the task root
 *       runtime, …          further folders
 *     /opt                  the layers' folder, or an empty one
 *     /tmp                  the temporary folder
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type HostMount, type Mount, writableMounts } from './mount-table.ts'
import type { Bind, Command, OpenSandbox, Sandbox, SandboxKind, SandboxView } from './sandbox.ts'
import { quoted } from './shell.ts'

export const TASK_ROOT = '/var/task'
const LAYERS_FOLDER = '/opt'

// In the work folder.
export const STAGE = 'stage'
export const EMPTY = 'empty'

/** Such variables are carried by the command, so that they take effect with the program, and not with what mounts. */
const LINKER_VARIABLE = /^(LD|GLIBC)_\w+$/

export function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** What `source`, a folder of the host or a link to one, is to be mounted at. */
export function bindMount(source: string, target: string, isWritable = false): Mount {
  return { source: realpathSync(source), target, isWritable }
}

/**
 * The mounts of a view, in the order in which they have to be made; `binds` are its further folders below `/var`, `others`
 * whatever else is mounted before the host's folders are hidden, and `hidden` what becomes empty.
 */
export function lambdaMounts(
  view: SandboxView,
  binds: readonly Bind[],
  others: readonly Mount[],
  hidden: readonly string[] = [],
): Mount[] {
  const workFolder = realpathSync(view.workFolder)
  const [stage, empty] = [join(workFolder, STAGE), join(workFolder, EMPTY)]
  const onStage = (path: string) => join(stage, path.slice('/var/'.length))
  const hiding: Mount[] = [
    { source: stage, target: '/var', isWritable: false, isRecursive: true },
    bindMount(view.layersFolder ?? empty, LAYERS_FOLDER),
    bindMount(view.temporaryFolder, '/tmp', true),
    ...hidden.map((folder) => bindMount(empty, folder)),
  ]
  return [
    { source: undefined, target: stage, isWritable: true },
    bindMount(view.taskRoot, onStage(TASK_ROOT)),
    ...binds.map(({ source, target, isWritable }) => bindMount(source, onStage(target), isWritable)),
    ...others,
    // What hides the work folder comes last: the sources of the others are in it.
    ...hiding.filter(({ target }) => !isIn(workFolder, target)),
    ...hiding.filter(({ target }) => isIn(workFolder, target)),
  ]
}

/** Commands that leave nothing to write to but below the `hidden` folders. */
export function remountReadOnly(
  mount: string,
  onHost: readonly HostMount[],
  hidden: readonly string[],
): string[] {
  // Without -n, mount would write down in /run what nobody else can see.
  return writableMounts(onHost, hidden).map(
    ({ target, flags }) =>
      `${mount} -n -o ${['remount', 'bind', 'ro', ...flags].join(',')} ${quoted(target)}`,
  )
}

export abstract class MountingSandbox implements Sandbox {
  abstract readonly kind: SandboxKind
  /** Milliseconds that a trial may take. */
  protected abstract readonly patienceMs: number

  async open(view: SandboxView): Promise<OpenSandbox> {
    return this.openView(view)
  }

  protected abstract openView(view: SandboxView): OpenSandbox

  /** Tries it in a folder of its own in `parentFolder`. */
  works(parentFolder: string): boolean {
    const folder = mkdtempSync(join(parentFolder, 'try-'))
    try {
      const [taskRoot = '', temporaryFolder = '', workFolder = ''] = ['task', 'tmp', 'work'].map((name) =>
        join(folder, name),
      )
      for (const each of [taskRoot, temporaryFolder, workFolder]) {
        mkdirSync(each)
      }
      const { command, parameters, cwd } = this.openView({ taskRoot, temporaryFolder, workFolder }).command(
        '/bin/true',
      )
      const { status } = spawnSync(command, parameters, {
        cwd,
        env: {},
        stdio: 'ignore',
        timeout: this.patienceMs,
      })
      return status === 0
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

export abstract class OpenMountingSandbox implements OpenSandbox {
  readonly taskRoot = TASK_ROOT
  readonly layersFolder = LAYERS_FOLDER
  readonly temporaryFolder = undefined
  readonly #seen: readonly Bind[]

  constructor({ taskRoot, temporaryFolder, layersFolder, binds = [] }: SandboxView) {
    this.#seen = [
      { source: taskRoot, target: TASK_ROOT },
      { source: temporaryFolder, target: '/tmp' },
      ...(layersFolder === undefined ? [] : [{ source: layersFolder, target: LAYERS_FOLDER }]),
      ...binds,
    ]
  }

  seen(path: string): string {
    const bind = this.#seen.find(({ source }) => isIn(path, source))
    return bind === undefined ? path : bind.target + path.slice(bind.source.length)
  }

  abstract command(program: string, parameters?: readonly string[], variables?: NodeJS.ProcessEnv): Command

  environment<Variables extends NodeJS.ProcessEnv>(variables: Variables): Variables {
    const others = Object.entries(variables).filter(([name]) => !LINKER_VARIABLE.test(name))
    return Object.fromEntries(others) as Variables
  }
}

/** Lines of a shell for what {@link OpenMountingSandbox.environment} leaves out. */
export function linkerSettings(variables: NodeJS.ProcessEnv): string[] {
  return Object.entries(variables)
    .filter(([name]) => LINKER_VARIABLE.test(name))
    .map(([name, value]) => `export ${name}=${quoted(value ?? '')}`)
}
