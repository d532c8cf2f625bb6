/** Executables whose functions return their event: to find out what every start takes, whatever the function does. */
import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  FORMAT_HEADER,
  FUNCTION,
  LAUNCHER,
  PRIMING_SETTINGS_ASSET,
  RUNTIME,
  scriptAsset,
} from '../../executable/format.ts'
import type { PrimedPart, PrimingSettings } from '../../executable/priming-settings.ts'
import type { BaseNode } from '../base-node/base-node.ts'
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { makeCodeCaches } from '../executable/code-caches.ts'
import { makeExecutable } from '../executable/make-executable.ts'
import { writeSharedFile } from '../package/shared-blocks.ts'
import { EXECUTABLE_MODE } from '../package/write-zip.ts'
import { settingsAssets } from '../prime/prime-assets.ts'
import { findTouchedPages, NOTHING_TOUCHED, type TouchedPages } from './touched-pages.ts'

/** A function, and what is primed for it. */
export interface Reference {
  readonly code: Buffer
  readonly priming?: PrimingSettings
}

/** Some of it is as AWS's SDK has it, which loads all this when it is loaded. */
const NETWORK_FUNCTION = `${FORMAT_HEADER}(function (exports, require) {
    const { createHash } = require('node:crypto')
    const { Agent } = require('node:https')
    const { hostname } = require('node:os')
    const { AsyncLocalStorage } = require('node:async_hooks')
    const used = [createHash('sha256').update('').digest('hex'), new Agent({ keepAlive: true }), hostname(),
      new AsyncLocalStorage(), require('node:fs').promises, require('node:zlib').gunzipSync]
    exports.handler = async (event) => used && JSON.stringify({ at: Date.now(), event }) && event
  })`

/** The function of each kind. What most answers have in them is written, a number. */
const REFERENCES = {
  small: {
    code: Buffer.from(`${FORMAT_HEADER}(function (exports) {
    exports.handler = async (event) => JSON.stringify({ at: Date.now(), event }) && event
  })`),
  },
  network: { code: Buffer.from(NETWORK_FUNCTION), priming: { parts: ['crypto'] } },
  connecting: { code: Buffer.from(NETWORK_FUNCTION), priming: { parts: ['crypto', 'https'] } },
} as const satisfies Record<string, Reference>

export type FunctionKind = keyof typeof REFERENCES
export const FUNCTION_KINDS = Object.keys(REFERENCES) as readonly FunctionKind[]

/** What a function is primed with that connects to others. */
const CONNECTING: ReadonlySet<PrimedPart> = new Set(['tls', 'http', 'https', 'http2', 'fetch'])

/**
 * The kind that a function is like: one for which connecting is primed, which most of its start goes to; by its entry chunk, one that
 * loads Node.js's modules for the network; or another.
 */
export function kindOfFunction(code: Buffer, assets: Readonly<Record<string, Buffer>>): FunctionKind {
  const settings = assets[PRIMING_SETTINGS_ASSET]
  const priming: PrimingSettings = settings ? JSON.parse(settings.toString()) : { parts: [] }
  if (priming.parts.some((part) => CONNECTING.has(part))) {
    return 'connecting'
  }
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
  const executable = await makeReferenceExecutable(REFERENCES[kind], { ...base, runner }, bundle, folder)
  // Pages of a file that was just written are mapped in larger pieces, and all would seem to be touched.
  const copy = `${executable}-copy`
  await copyFile(executable, copy)
  return findTouchedPages(copy, runner)
}

/** The function of a kind, bundled. */
export function referenceOf(kind: FunctionKind): Reference {
  return REFERENCES[kind]
}

/** Makes one of a function that returns its event, in `folder`, which is not there yet, and resolves to its path. */
export async function makeReferenceExecutable(
  { code, priming }: Reference,
  base: RunnableNode,
  bundle: RuntimeBundle,
  folder: string,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  const made = { taskRoot: folder, folder: join(folder, 'code-cache') }
  const { assets } = await makeCodeCaches({
    ...{ bundle, node: base.path, runner: base.runner, ...made },
    ...{ chunks: [code], handler: 'reference', events: [] },
  })
  const parts = {
    main: bundle.main,
    assets: {
      [scriptAsset(LAUNCHER)]: bundle.launcher,
      [scriptAsset(RUNTIME)]: bundle.runtime,
      [scriptAsset(FUNCTION)]: code,
      ...assets,
      ...(priming && (await settingsAssets(priming, { runtime: bundle, base, ...made }))),
    },
  }
  const executable = join(folder, 'reference')
  const { bytes } = await makeExecutable(parts, base, join(folder, 'parts'))
  await writeSharedFile(executable, bytes, EXECUTABLE_MODE, undefined)
  return executable
}
