/** Executables whose functions return their event: to find out what every start takes, whatever the function does. */
import { chmod, copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import type { Architecture } from '../elf/elf-file.ts'
import { makeCodeCaches } from '../executable/code-caches.ts'
import { makeExecutable } from '../executable/make-executable.ts'
import type { PageRange } from './page-ranges.ts'
import { findTouchedPages } from './touched-pages.ts'

/** The function of each kind of stand-in. Some of it is as AWS's SDK has it, which loads all this when it is loaded. */
const FUNCTIONS = {
  small: '(function (exports) { exports.handler = async (event) => event })',
  network: `(function (exports, require) {
    const { createHash } = require('node:crypto')
    const { Agent } = require('node:https')
    const { hostname } = require('node:os')
    const { AsyncLocalStorage } = require('node:async_hooks')
    const used = [createHash('sha256').update('').digest('hex'), new Agent({ keepAlive: true }), hostname(),
      new AsyncLocalStorage(), require('node:fs').promises, require('node:zlib').gunzipSync]
    exports.handler = async (event) => used && event
  })`,
} as const

export type StandInKind = keyof typeof FUNCTIONS

/** The kind that a function is like, by its bundle: one that loads Node.js's modules for the network, or another. */
export function standInLike(code: Buffer): StandInKind {
  return /\brequire\(["'](?:node:)?(?:crypto|https?|http2|tls)["']\)/.test(code.toString())
    ? 'network'
    : 'small'
}

type RunnableNode = BaseNode & { readonly runner: TargetRunner }

/** The pages that a start of one touches; none where that cannot be found out. `folder` is not there yet. */
export async function recordStandIn(
  kind: StandInKind,
  base: BaseNode,
  arch: Architecture,
  bundle: RuntimeBundle,
  folder: string,
): Promise<PageRange[]> {
  const { runner } = base
  if (runner === undefined) {
    return []
  }
  const executable = await makeStandIn(kind, { ...base, runner }, arch, bundle, folder)
  // Pages of a file that was just written are mapped in larger pieces, and all would seem to be touched.
  const copy = `${executable}-copy`
  await copyFile(executable, copy)
  return findTouchedPages(copy, runner)
}

/** Makes one in `folder`, which is not there yet, and resolves to its path. */
export async function makeStandIn(
  kind: StandInKind,
  base: RunnableNode,
  arch: Architecture,
  bundle: RuntimeBundle,
  folder: string,
): Promise<string> {
  const code = Buffer.from(FUNCTIONS[kind])
  const parts = join(folder, 'parts')
  await mkdir(parts, { recursive: true })
  const { assets } = await makeCodeCaches({
    bundle,
    texts: [code],
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
      assets: { 'runtime.js': bundle.runtime, 'function.js': code, ...assets },
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
