/** An executable with a function that returns its event: to find out what every start takes, whatever the function. */
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseNode } from './base-node.ts'
import type { RuntimeBundle } from './bundle-runtime.ts'
import { makeCodeCaches, STAND_IN } from './code-caches.ts'
import type { Architecture } from './elf-file.ts'
import { makeExecutable } from './make-executable.ts'
import type { PageRange } from './page-ranges.ts'
import type { TargetRunner } from './target-runner.ts'
import { findTouchedPages } from './touched-pages.ts'

type RunnableNode = BaseNode & { readonly runner: TargetRunner }

/** The pages that a start of one touches; none where that cannot be found out. `folder` is not there yet. */
export async function recordStandIn(
  base: BaseNode,
  arch: Architecture,
  bundle: RuntimeBundle,
  folder: string,
): Promise<PageRange[]> {
  const { runner } = base
  if (runner === undefined) return []
  const executable = await makeStandIn({ ...base, runner }, arch, bundle, folder)
  // Pages of a file that was just written are mapped in larger pieces, and all would seem to be touched.
  const copy = `${executable}-copy`
  await copyFile(executable, copy)
  return findTouchedPages(copy, runner)
}

/** Makes one in `folder`, which is not there yet, and resolves to its path. */
export async function makeStandIn(
  base: RunnableNode,
  arch: Architecture,
  bundle: RuntimeBundle,
  folder: string,
): Promise<string> {
  const parts = join(folder, 'parts')
  await mkdir(parts, { recursive: true })
  const { assets } = await makeCodeCaches({
    bundle,
    code: STAND_IN,
    node: base.path,
    runner: base.runner,
    handler: 'stand-in',
    events: [],
    taskRoot: folder,
    folder: join(folder, 'code-cache'),
  })
  const executable = join(folder, 'stand-in')
  await makeExecutable(
    {
      launcher: bundle.launcher,
      assets: { 'runtime.js': bundle.runtime, 'function.js': STAND_IN, ...assets },
      node: base.path,
      arch,
      generator: base.generator,
    },
    executable,
    parts,
  )
  await chmod(executable, 0o755)
  return executable
}
