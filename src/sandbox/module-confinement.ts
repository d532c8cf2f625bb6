/**
 * A sandbox without namespaces: paths are the host's, but Node.js resolves modules in the task root, the layers' folder
 * and the temporary one alone.
 *
 * A script that each Node.js process preloads (`NODE_OPTIONS`), its workers and the Node.js processes it starts, too,
 * refuses what resolves elsewhere with Node.js's own errors. An executable takes the variable as any Node.js does, so
 * nothing of this is in it, and a start on Lambda pays nothing.
 *
 * What it cannot do: anything can be written; and whether a `.js` file without a `package.json` in the task root is an ES
 * module, Node.js asks of one further up.
 */

import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command, OpenSandbox, Sandbox, SandboxView } from './sandbox.ts'
import { enterCgroups } from './shell.ts'

const SCRIPT = fileURLToPath(new URL('../../bin/confine-modules.cjs', import.meta.url))

export const moduleConfinement: Sandbox = {
  kind: 'module confinement',
  async open(view) {
    return new OpenModuleConfinement(view)
  },
}

class OpenModuleConfinement implements OpenSandbox {
  readonly taskRoot: string
  readonly layersFolder: string
  readonly temporaryFolder: string
  readonly #script: string
  readonly #enter: readonly string[]

  constructor({ taskRoot, layersFolder, temporaryFolder, binds = [], workFolder, cgroupFiles }: SandboxView) {
    this.#enter = enterCgroups(cgroupFiles)
    this.taskRoot = taskRoot
    this.layersFolder = layersFolder ?? '/opt'
    this.temporaryFolder = temporaryFolder
    this.#script = join(workFolder, 'confine-modules.cjs')
    const folders = [taskRoot, this.layersFolder, temporaryFolder, ...binds.map(({ source }) => source)]
    const roots = [...folders, ...folders.flatMap(realPath), this.#script, realPath(workFolder)]
    // A function may write a module to /tmp and load it.
    const isTmpForeign = !roots.some((root) => String(root).startsWith('/tmp/'))
    const all = [...new Set([...roots, ...(isTmpForeign ? ['/tmp'] : [])].flat())]
    writeFileSync(this.#script, readFileSync(SCRIPT))
    writeFileSync(join(workFolder, 'module-folders.json'), JSON.stringify(all))
  }

  seen(path: string): string {
    return path
  }

  command(program: string, parameters: readonly string[] = []): Command {
    if (this.#enter.length === 0) {
      return { command: program, parameters, cwd: this.taskRoot }
    }
    const script = [...this.#enter, 'exec "$@"'].join('\n')
    return {
      command: '/bin/sh',
      parameters: ['-c', script, 'sh', program, ...parameters],
      cwd: this.taskRoot,
    }
  }

  /** Ours comes first: what the function's own option preloads is confined, too. */
  environment<Variables extends NodeJS.ProcessEnv>(variables: Variables): Variables {
    const quoted = `"${this.#script.replace(/["\\]/g, '\\$&')}"`
    const options = ['--require', quoted, ...(variables.NODE_OPTIONS ? [variables.NODE_OPTIONS] : [])]
    return { ...variables, NODE_OPTIONS: options.join(' ') }
  }
}

function realPath(path: string): string[] {
  try {
    return [realpathSync(path)]
  } catch {
    return []
  }
}
