/** `prefetch` of the API: makes ready what builds would fetch and make of Node.js first, so that they need no network. */
import { resolve } from 'node:path'
import process from 'node:process'
import { cacheFolder } from '../../bin/pinned-node.js'
import { prepareBaseNode, type TargetOptions } from '../compiler/base-node/base-node.ts'
import { bundleRuntime } from '../compiler/bundle/bundle-runtime.ts'
import { explainNoPrograms } from '../compiler/children/no-programs.ts'
import { explainFullDisk } from '../compiler/full-disk.ts'
import { compressAhead } from '../compiler/package/compress-ahead.ts'
import { abandonable } from '../compiler/unfinished-work.ts'
import type { FUNCTION_OPTIONS } from '../configuration/build-options.ts'
import { checkCall, signalOf, withCallbacks } from '../configuration/call-options.ts'
import { checkBuildValues } from '../configuration/check-configuration.ts'
import { configuredFunctions } from '../configuration/configured-functions.ts'
import { type ConfigurationChoice, loadConfiguration } from '../configuration/load-configuration.ts'
import type { Written } from '../configuration/option.ts'
import { selectFunctions } from '../configuration/select-functions.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import type { LambdabinError } from './lambdabin-error.ts'
import { withTemporaryFolder } from './temporary-folder.ts'

/** What executables will be for, and made of. By default what the configuration's functions say, and x64 where there is none. */
export interface PrefetchOptions extends Pick<Written<typeof FUNCTION_OPTIONS>, 'node' | 'intl'> {
  readonly arch?: 'x64' | 'arm64' | readonly ('x64' | 'arm64')[] | undefined
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Ends it, and leaves nothing half done behind. */
  readonly signal?: AbortSignal | undefined
  /** Hears of what takes long, before it begins; a sentence. */
  readonly onNotice?: ((message: string) => void) | undefined
}

export interface PrefetchedNode {
  readonly arch: 'x64' | 'arm64'
  /** `24.21.0` */
  readonly nodeVersion: string
  /** The locales that were asked for; undefined when there are all. */
  readonly locales: readonly string[] | undefined
}

export type PrefetchResult =
  | {
      readonly ok: true
      /** Absolute path of the cache folder. */
      readonly folder: string
      readonly nodes: readonly PrefetchedNode[]
    }
  | { readonly ok: false; readonly error: LambdabinError }

/** Never rejects. */
export async function prefetch(options: PrefetchOptions = {}): Promise<PrefetchResult> {
  const signal = signalOf(options)
  try {
    checkCall('prefetch', options)
    signal?.throwIfAborted()
    const targets = await wantedTargets(options)
    const nodes: PrefetchedNode[] = []
    await withCallbacks(signal, { onNotice: options.onNotice }, (ends, { onNotice }) =>
      abandonable(ends, async () => {
        for (const target of targets) {
          ends.throwIfAborted()
          nodes.push(await prepareTarget(target, onNotice))
        }
      }),
    )
    return { ok: true, folder: cacheFolder(), nodes }
  } catch (error) {
    return { ok: false, error: asLambdabinError(explainNoPrograms(explainFullDisk(error)), signal) }
  }
}

const OWN_OPTIONS = ['config', 'cwd', 'signal', 'onNotice']
const TAKEN = { what: 'prefetch', options: ['arch', 'node', 'intl'] }

/** Each once. */
async function wantedTargets({
  arch: archs,
  config,
  cwd,
  signal: _signal,
  onNotice: _onNotice,
  ...given
}: PrefetchOptions): Promise<readonly TargetOptions[]> {
  const folder = resolve(cwd ?? process.cwd())
  const configuration = await loadConfiguration(config, folder, { command: 'build' })
  const targets: TargetOptions[] = []
  const named = archs === undefined ? [] : [archs].flat()
  for (const arch of named.length > 0 ? named : [undefined]) {
    const { values, build } = checkBuildValues(
      { ...given, ...(arch !== undefined && { arch }) },
      folder,
      OWN_OPTIONS,
      TAKEN,
    )
    const functions =
      configuration !== undefined && configuredFunctions(configuration).length > 0
        ? await selectFunctions(configuration, { wanted: [], values, build, folder })
        : []
    targets.push(
      ...(functions.length > 0
        ? functions.map(({ target }) => target)
        : [{ arch: values.arch ?? 'x64', nodePath: values.node, locales: values.intl }]),
    )
  }
  return [...new Map(targets.map((target) => [JSON.stringify(target), target])).values()]
}

async function prepareTarget(
  { arch, nodePath, locales }: TargetOptions,
  onNotice: (message: string) => void,
): Promise<PrefetchedNode> {
  const base = await prepareBaseNode(arch, nodePath, onNotice, locales)
  const runtime = await bundleRuntime()
  await withTemporaryFolder((folder) => compressAhead(base, runtime, folder))
  return { arch, nodeVersion: base.version, locales }
}
