/**
 * Compiles bundles and a Node.js binary into one executable, with pkg in its SEA mode.
 *
 * pkg runs in a process of its own: it changes the working directory, it writes to stdout, and what makes the
 * blob must be a Node.js of the same version as the one that will read it.
 */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { MAIN_FILE } from '../../executable/format.ts'
import type { BaseNode } from '../base-node/base-node.ts'
import { BuildError } from '../build-error.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { PKG_PROCESS_FILE } from '../source-files.ts'
import { onAbandon } from '../unfinished-work.ts'

/** pkg failed; the message holds what it wrote. */
export class ExecutableError extends BuildError {
  override readonly name = 'ExecutableError'
}

export interface ExecutableParts {
  /** The main script, CommonJS. */
  readonly main: Buffer
  /** What `sea.getAsset` finds in the executable, by name. */
  readonly assets: Readonly<Record<string, Buffer>>
  /** Makes a startup snapshot of what the main script leaves in the heap; without it, the main script runs at each start. */
  readonly snapshot?: SnapshotOptions | undefined
}

export interface SnapshotOptions {
  /** The SEA blob that Node.js made of the main script, and of the assets. */
  readonly blob: Buffer
  /** The main script of an executable without a snapshot, into which the blob is put. */
  readonly launcher: Buffer
  /** What the main script runs with, and nothing else. */
  readonly environment: NodeJS.ProcessEnv
  /** The function may start Workers, which compile Node.js's own modules anew. */
  readonly mayStartWorkers: boolean
}

/** What {@link ./pkg-process.ts} reads, as JSON, from the file that its argument names. */
export interface PkgRequest {
  /** Where it writes what makes the executable start slower than it might: a list of sentences, as JSON. */
  readonly notes: string
  readonly main: string
  readonly assets: Readonly<Record<string, string>>
  readonly node: string
  readonly arch: Architecture
  readonly output: string
  readonly snapshot?: Pick<SnapshotOptions, 'environment' | 'mayStartWorkers'> | undefined
}

/** Half a minute is what a slow disk takes; beyond this something hangs. */
const TIMEOUT_MS = 180_000

/**
 * Has pkg make an executable of `base`, at `output`. `folder` is not there yet, and for what comes in between. Rejects with an
 * {@link ExecutableError}. Resolves to what makes the executable start slower than it might, in one sentence each.
 */
export async function runPkg(
  parts: ExecutableParts,
  base: BaseNode,
  output: string,
  folder: string,
): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const assets: Record<string, string> = {}
  for (const [name, content] of Object.entries(parts.assets)) {
    assets[name] = join(folder, name)
    await writeFile(assets[name], content)
  }
  const main = join(folder, basename(MAIN_FILE))
  await writeFile(main, parts.main)
  // pkg's own temporary folder goes into ours, so that ours is all there is to delete.
  const temporary = join(folder, 'pkg')
  const snapshot = parts.snapshot && {
    mayStartWorkers: parts.snapshot.mayStartWorkers,
    environment: { ...parts.snapshot.environment, TMPDIR: temporary },
  }
  const notes = join(folder, 'pkg-notes.json')
  const request: PkgRequest = { notes, main, assets, node: base.path, arch: base.arch, output, snapshot }
  const requestFile = join(folder, 'pkg-request.json')
  await writeFile(requestFile, JSON.stringify(request))
  await mkdir(temporary)
  // A function that is run in it can read what it was started with.
  const environment = snapshot?.environment ?? { ...process.env, TMPDIR: temporary }
  await runPkgProcess(base.generator, requestFile, environment)
  await chmod(output, 0o755)
  return JSON.parse(await readFile(notes, 'utf8'))
}

function runPkgProcess(generator: string, requestFile: string, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env, timeout: TIMEOUT_MS, maxBuffer: 1 << 24 }
    const pkg = execFile(generator, [PKG_PROCESS_FILE, requestFile], options, (error, stdout, stderr) => {
      finished()
      if (error === null) {
        resolve()
      } else {
        const said = `${stdout}${stderr}`.trim() || error.message
        reject(
          new ExecutableError(`pkg could not make the executable; it says:\n\n${said}`, { cause: error }),
        )
      }
    })
    const finished = onAbandon(() => pkg.kill('SIGKILL'))
  })
}
