/**
 * The sandbox of a program that the build runs: see `../../sandbox/sandbox.ts`. Its own files and the Node.js that runs it
 * are where the function does not look for any.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findBuildSandbox } from '../../sandbox/find-sandbox.ts'
import { openGate } from '../../sandbox/gate.ts'
import { hiddenFolders } from '../../sandbox/hidden-folders.ts'
import { moduleConfinement } from '../../sandbox/module-confinement.ts'
import { isOutOfSight } from '../../sandbox/mount-namespace.ts'
import type { OpenSandbox, Sandbox } from '../../sandbox/sandbox.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import { onAbandon } from '../unfinished-work.ts'

/** Where Lambda's managed runtimes have theirs. */
const NODE_FOLDER = '/var/lang/bin'
const PROGRAM_FOLDER = '/var/runtime'

export interface BuildSandboxOptions {
  /** What is shipped beside the executable. */
  readonly taskRoot: string
  /** A folder that is there, for what the sandbox needs. */
  readonly folder: string
  /** The Node.js binary that runs the program; undefined where it is an executable in the task root. */
  readonly node?: string | undefined
  /** The program's own folder, which it can write to. */
  readonly programFolder?: string | undefined
  /** Ports of 127.0.0.1 that it may reach. */
  readonly ports?: readonly number[]
  /** The words that stand before the program: an emulator and its options. */
  readonly runner?: TargetRunner
}

/** For a program that is lambdabin's own, and loads nothing. */
export function withoutSandbox(taskRoot: string): OpenSandbox {
  return {
    taskRoot,
    layersFolder: '/opt',
    temporaryFolder: undefined,
    seen: (path) => path,
    command: (command, parameters = []) => ({ command, parameters, cwd: taskRoot }),
    environment: (variables) => variables,
  }
}

let found: Sandbox | undefined

export interface BuildSandbox extends OpenSandbox {
  /** To be called when all that was run in it has ended. */
  close(): void
}

export async function openBuildSandbox(options: BuildSandboxOptions): Promise<BuildSandbox> {
  const { taskRoot, folder, node, programFolder, runner = [], ports = [] } = options
  const workFolder = join(folder, 'sandbox')
  const temporaryFolder = join(workFolder, 'tmp')
  await mkdir(temporaryFolder, { recursive: true })
  found ??= findBuildSandbox(workFolder)
  // An emulator of the builder's own may lie anywhere.
  const sandbox = runner.some(isHidden) ? moduleConfinement : found
  const gate = sandbox.kind === 'isolation' && ports.length > 0 ? await openGate(ports) : undefined
  const forget = onAbandon(() => gate?.close())
  const opened = await sandbox.open({
    taskRoot,
    gate,
    temporaryFolder,
    binds: [
      ...(node === undefined ? [] : [{ source: dirname(node), target: NODE_FOLDER }]),
      ...(programFolder === undefined
        ? []
        : [{ source: programFolder, target: PROGRAM_FOLDER, isWritable: true }]),
    ],
    workFolder,
  })
  const close = () => {
    forget()
    gate?.close()
  }
  return Object.assign(opened, { close })
}

function isHidden(path: string): boolean {
  return isOutOfSight(path) || hiddenFolders().some((folder) => path.startsWith(`${folder}/`))
}
