/** Executables whose functions return their event: to find out what every start takes, whatever the function does. */
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FORMAT_HEADER, FUNCTION, LAUNCHER, RUNTIME, scriptAsset } from '../../executable/format.ts'
import type { BaseNode } from '../base-node/base-node.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { makeCodeCaches } from '../executable/code-caches.ts'
import { makeExecutable } from '../executable/make-executable.ts'
import { writeSharedFile } from '../package/shared-blocks.ts'
import { EXECUTABLE_MODE } from '../package/write-zip.ts'
import { findTouchedPages, NOTHING_TOUCHED, type TouchedPages } from './touched-pages.ts'

/**
 * The function of each kind. What most answers have in them is written, a number. Some of the second is as AWS's SDK has it,
 * which loads all this when it is loaded.
 */
const FUNCTIONS = {
  small: `${FORMAT_HEADER}(function (exports) {
    exports.handler = async (event) => JSON.stringify({ at: Date.now(), event }) && event
  })`,
  network: `${FORMAT_HEADER}(function (exports, require) {
    const { createHash } = require('node:crypto')
    const { Agent } = require('node:https')
    const { hostname } = require('node:os')
    const { AsyncLocalStorage } = require('node:async_hooks')
    const used = [createHash('sha256').update('').digest('hex'), new Agent({ keepAlive: true }), hostname(),
      new AsyncLocalStorage(), require('node:fs').promises, require('node:zlib').gunzipSync]
    exports.handler = async (event) => used && JSON.stringify({ at: Date.now(), event }) && event
  })`,
} as const

export type FunctionKind = keyof typeof FUNCTIONS
export const FUNCTION_KINDS = Object.keys(FUNCTIONS) as readonly FunctionKind[]

/** The kind that a function is like, by its entry chunk: one that loads Node.js's modules for the network, or another. */
export function kindOfFunction(code: Buffer): FunctionKind {
  return /\brequire\(["'](?:node:)?(?:crypto|https?|http2|tls)["']\)/.test(code.toString())
    ? 'network'
    : 'small'
}

type RunnableNode = BaseNode & { readonly runner: TargetRunner }

/** What a start of one touches; nothing where that cannot be found out. `folder` is not there yet. */
export async function recordTouchedPages(
  kind: FunctionKind,
  base: BaseNode,
  bundle: RuntimeBundle,
  folder: string,
): Promise<TouchedPages> {
  const { runner } = base
  if (runner === undefined) {
    return NOTHING_TOUCHED
  }
  const executable = await makeReferenceExecutable(
    referenceFunction(kind),
    { ...base, runner },
    bundle,
    folder,
  )
  // Pages of a file that was just written are mapped in larger pieces, and all would seem to be touched.
  const copy = `${executable}-copy`
  await copyFile(executable, copy)
  return findTouchedPages(copy, runner)
}

/** The function of a kind, bundled. */
export function referenceFunction(kind: FunctionKind): Buffer {
  return Buffer.from(FUNCTIONS[kind])
}

/** Makes one of a function that returns its event, in `folder`, which is not there yet, and resolves to its path. */
export async function makeReferenceExecutable(
  code: Buffer,
  base: RunnableNode,
  bundle: RuntimeBundle,
  folder: string,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const { assets } = await makeCodeCaches({
    bundle,
    chunks: [code],
    node: base.path,
    runner: base.runner,
    handler: 'reference',
    events: [],
    taskRoot: folder,
    folder: join(folder, 'code-cache'),
  })
  const parts = {
    main: bundle.main,
    assets: {
      [scriptAsset(LAUNCHER)]: bundle.launcher,
      [scriptAsset(RUNTIME)]: bundle.runtime,
      [scriptAsset(FUNCTION)]: code,
      ...assets,
    },
  }
  const executable = join(folder, 'reference')
  const { bytes } = await makeExecutable(parts, base, join(folder, 'parts'))
  await writeSharedFile(executable, bytes, EXECUTABLE_MODE, undefined)
  return executable
}
