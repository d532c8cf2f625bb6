/** `buildLayer` of the API: the runtime as a layer, for functions that are built with `forLayer`. */
import { resolve } from 'node:path'
import process from 'node:process'
import { cacheSizeLimit, keepCacheSize } from '../compiler/cache/cache-size.ts'
import { explainNoPrograms } from '../compiler/children/no-programs.ts'
import { explainFullDisk } from '../compiler/full-disk.ts'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import { type BuiltLayer, buildLayer as buildPackage } from '../compiler/layer/build-layer.ts'
import type { Step } from '../compiler/steps.ts'
import { abandonable } from '../compiler/unfinished-work.ts'
import type { FUNCTION_OPTIONS } from '../configuration/build-options.ts'
import { checkCall, checkKinds, FLAG, signalOf, TEXT, withCallbacks } from '../configuration/call-options.ts'
import { checkBuildValues } from '../configuration/check-configuration.ts'
import type { Written } from '../configuration/option.ts'
import { usageErrorFor } from '../configuration/usage-error.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { buildInto } from './build-into.ts'
import type { LambdabinError } from './lambdabin-error.ts'

export interface LayerOptions
  extends Pick<Written<typeof FUNCTION_OPTIONS>, 'arch' | 'node' | 'intl' | 'zip'> {
  /** The name of the zip, and of the folder. By default `layer`. */
  readonly name?: string | undefined
  /** Where it is written. By default `dist`. */
  readonly outDir?: string | undefined
  /** A folder to write the files straight into, and no zip; other files there stay. */
  readonly into?: string | undefined
  /** Whether it is built although nothing has changed. By default `false`. */
  readonly force?: boolean | undefined
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Ends the build, and leaves nothing behind. */
  readonly signal?: AbortSignal | undefined
  /** Hears of each step as it ends. */
  readonly onStep?: ((step: Step) => void) | undefined
  /** Hears of what takes long, before it begins; a sentence. */
  readonly onNotice?: ((message: string) => void) | undefined
}

export type LayerResult =
  | { readonly ok: true; readonly layer: BuiltLayer }
  | { readonly ok: false; readonly error: LambdabinError }

const KINDS = { name: TEXT, outDir: TEXT, into: TEXT, force: FLAG }
const OWN_OPTIONS = [...Object.keys(KINDS), 'cwd', 'signal', 'onStep', 'onNotice']
const TAKEN = { what: 'buildLayer', options: ['arch', 'node', 'intl', 'zip'] }

/** Never rejects, and writes nothing but the layer. */
export async function buildLayer(options: LayerOptions = {}): Promise<LayerResult> {
  const signal = signalOf(options)
  try {
    checkCall('buildLayer', options)
    checkKinds('buildLayer', options, KINDS)
    signal?.throwIfAborted()
    return { ok: true, layer: await makeLayer(options) }
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal) }
  }
}

async function makeLayer({
  name = 'layer',
  outDir = 'dist',
  into,
  force = false,
  cwd,
  signal,
  onStep,
  onNotice,
  ...given
}: LayerOptions): Promise<BuiltLayer> {
  const folder = resolve(cwd ?? process.cwd())
  const place = resolve(folder, into ?? outDir)
  try {
    const { values } = checkBuildValues(given, folder, OWN_OPTIONS, TAKEN)
    const limit = cacheSizeLimit()
    const layerOptions = {
      name: checkedName(name, folder),
      outDir: place,
      target: { arch: values.arch ?? 'x64', nodePath: values.node, locales: values.intl },
      compression: values.zip ?? 'fast',
      isForced: force,
    } as const
    const layer = await withCallbacks(signal, { onStep, onNotice }, (ends, hearing) =>
      abandonable(ends, () => {
        const progress = { signal: ends, ...hearing }
        return into === undefined
          ? buildPackage(layerOptions, progress)
          : buildInto(place, undefined, (work) =>
              buildPackage({ ...layerOptions, outDir: work, only: 'folder' }, progress),
            )
      }),
    )
    await keepCacheSize(limit)
    return layer
  } catch (error) {
    throw explainNoPrograms(explainFullDisk(error, place))
  }
}

function checkedName(given: string, folder: string): string {
  try {
    return functionName('layer.ts', { given, folder })
  } catch (error) {
    throw usageErrorFor(error, FunctionNameError)
  }
}
