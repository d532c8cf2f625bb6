/**
 * Whether a function was built of what is there now, found out without bundling it: its options are the same, and so is all that its
 * last build looked at.
 *
 * Only where all of that can be known. What an author's plugin reads nobody knows; with one, with packages that are found in other ways
 * than by Node.js's, and with a bill of materials to be written, a function is bundled, and what comes of it compared.
 */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { pinnedNodePlace } from '../../../bin/pinned-node.js'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { findTargetRunner } from '../base-node/target-runner.ts'
import type { BuildInputs } from '../build-inputs.ts'
import { digestOf } from '../cache/build-cache.ts'
import { ownVersion } from '../cache/own-version.ts'
import type { FunctionOptions } from '../function-options.ts'
import { findIncludes } from '../package/included-files.ts'
import { findLookedAt } from './find-looked-at.ts'
import { compareInputState, type InputState, takeInputState, takeInputStateAgain } from './input-state.ts'

/** What is kept of a build for the next check, as JSON can hold it. */
export interface KnownInputs {
  /** A digest. */
  readonly options: string
  readonly state: InputState
}

export class QuickCheck {
  readonly #options: FunctionOptions
  readonly #digest: string | undefined
  readonly #since: bigint

  private constructor(options: FunctionOptions, digest: string | undefined, since: bigint) {
    this.#options = options
    this.#digest = digest
    this.#since = since
  }

  /** `work` is a folder that was made for the build just now. Never rejects. */
  static async begin(options: FunctionOptions, work: string): Promise<QuickCheck> {
    // By the clock of the disk, which may be another machine's.
    const made = await stat(work, { bigint: true }).then(({ ctimeNs }) => ctimeNs)
    const now = BigInt(wallClock()) * 1_000_000n
    const digest = await describeOptions(options).catch(() => undefined)
    return new QuickCheck(options, digest, made < now ? made : now)
  }

  /** What is to be kept of what was kept, if nothing has changed; else undefined. Throws for what was not kept by this. */
  compare(known: KnownInputs | undefined): KnownInputs | undefined {
    if (known === undefined || this.#digest === undefined || known.options !== this.#digest) {
      return undefined
    }
    const outcome = compareInputState(known.state)
    if (outcome === 'touched') {
      const state = takeInputStateAgain(known.state, this.#since)
      return state === undefined ? known : { ...known, state }
    }
    return outcome === 'same' ? known : undefined
  }

  /** What is to be kept of a build; undefined where it cannot be known what the next one would look at. Never rejects. */
  async take(inputs: BuildInputs): Promise<KnownInputs | undefined> {
    if (this.#digest === undefined) {
      return undefined
    }
    try {
      // What is included is a part of the options.
      if ((await describeOptions(this.#options)) !== this.#digest) {
        return undefined
      }
      const state = takeInputState(await findLookedAt(this.#options, inputs), this.#since)
      return state && { options: this.#digest, state }
    } catch {
      return undefined
    }
  }
}

/** Undefined where the quick check is not for these. Rejects as findIncludes does, and where something has no description. */
async function describeOptions(options: FunctionOptions): Promise<string | undefined> {
  const { bundle, target, include, sbom, budget: _b, isForced: _f, ...rest } = options
  const { plugins = [], nodePaths = [], preserveSymlinks = false } = bundle.esbuild ?? {}
  if (plugins.length > 0 || nodePaths.length > 0 || preserveSymlinks || sbom) {
    return undefined
  }
  const node = target.nodePath === undefined ? pinnedNodePlace(target.arch) : resolve(target.nodePath)
  return digestOf([
    await ownVersion(),
    JSON.stringify([process.execPath, node, (await findTargetRunner(node, target.arch)) ?? null]),
    // Its folders are among those that are looked at; pnpm's command sets it.
    process.env.NODE_PATH ?? '',
    JSON.stringify([rest, bundle, target, include], describable),
    JSON.stringify(await findIncludes(include)),
  ])
}

/** What JSON has no form for, and would leave out. */
function describable(_key: string, value: unknown): unknown {
  if (value instanceof RegExp) {
    return `${value}`
  }
  if (value instanceof Map || value instanceof Set) {
    return [...value]
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError('a function cannot be compared')
  }
  return value
}
