/**
 * What a process of a function sees of this machine: the same as on Lambda, as far as the system allows.
 *
 * A function is in an execution environment on Lambda: its deployment package at `/var/task`, its layers at `/opt`, a
 * `/tmp` of its own, and nothing else that it could write to or find a package in. What works here and not there is
 * the worst that a local run can do, so every run of a function on this machine goes through this room. There are three
 * ways, and `find-sandbox.ts` takes the first that works of those that the run asks for:
 *
 * - for what a build runs, namespaces also keep it from the machine (`isolation.ts`);
 * - a mount namespace (`mount-namespace.ts`) shows all of that at Lambda's own paths;
 * - where the system has none for us, Node.js is kept from resolving modules anywhere else (`module-confinement.ts`), and
 *   paths stay those of the host.
 *
 * The latter two are no protection from a function: it may read what its user may read, and reach the network.
 */

import type { Gate } from './gate.ts'

/** Folders of the host, by absolute paths, and what they are to a function. */
export interface SandboxView {
  /** The unpacked deployment package: `/var/task`. */
  taskRoot: string
  /** What layers hold, merged: `/opt`. Undefined: it is empty. */
  layersFolder?: string | undefined
  /** `/tmp`. */
  temporaryFolder: string
  /** What else the process needs to see. */
  binds?: readonly Bind[]
  /** A folder for what the sandbox itself needs; not there yet or empty, and kept until all processes have ended. */
  workFolder: string
  /** The only way to this host's network, where the sandbox has another. Others leave it as it is. */
  gate?: Pick<Gate, 'folder' | 'ports'> | undefined
  /** Files of control groups (`cgroup.procs`) that each process is to be in. */
  cgroupFiles?: readonly string[]
}

export interface Bind {
  /** A folder of the host. */
  source: string
  /** Below `/var`. */
  target: string
  isWritable?: boolean
}

export interface Command {
  command: string
  parameters: readonly string[]
  /** Where it has to be started. */
  cwd: string
  /** Set where it runs another program, too, once the first has ended. */
  runsNext?: boolean
}

/** A view that is ready for any number of processes. */
export interface OpenSandbox {
  /** As the function sees them. */
  readonly taskRoot: string
  readonly layersFolder: string
  /** Undefined where it is `/tmp` itself. */
  readonly temporaryFolder: string | undefined
  /** Whether a shell runs the program, which tells of a signal by an exit status above 128. */
  readonly hasShell?: boolean
  /** What the process sees a file or folder of the host as. */
  seen(path: string): string
  /**
   * The command that becomes `program`, a path as the process sees it, in its task root. Where the sandbox can, it runs the words `next`
   * afterwards, without input and output, and ends as the first has.
   */
  command(
    program: string,
    parameters?: readonly string[],
    variables?: NodeJS.ProcessEnv,
    next?: readonly string[],
  ): Command
  /** The variables to start it with. */
  environment<Variables extends NodeJS.ProcessEnv>(variables: Variables): Variables
}

export interface Sandbox {
  readonly kind: SandboxKind
  open(view: SandboxView): Promise<OpenSandbox>
}

export type SandboxKind = 'isolation' | 'mount namespace' | 'module confinement'
