/** Looks, while a build goes on, whether the registry has a newer Node.js than executables are made of. */
import process from 'node:process'
import { pinnedVersions } from '../../../bin/pinned-node.js'
import type { BuiltFunction } from '../../api/build.ts'
import { newerNodeNote } from '../../compiler/base-node/newest-node.ts'
import { onEarlyEnd } from '../early-end.ts'

/** How long the registry has from the build's start: a build that takes longer does not wait for it at all. */
const PATIENCE_MS = 1500

/** Set where this was told before: the CDK constructs build each function by a command of its own (src/cdk/build-for-synth.ts). */
const TOLD = 'LAMBDABIN_NEWER_NODE_TOLD'

export class NewerNodeSearch {
  readonly #began = performance.now()
  readonly #controller = new AbortController()
  readonly #note: Promise<string | undefined>
  readonly #forget: () => void

  private constructor() {
    this.#note = newerNodeNote(pinnedVersions.version, { signal: this.#controller.signal })
    this.#forget = onEarlyEnd(() => this.#controller.abort())
  }

  /** Undefined where it is not wanted: `isOffline` says so, or nobody does and this is CI, or it was told. */
  static begin(isOffline: boolean | undefined): NewerNodeSearch | undefined {
    const isCi = process.env.CI !== undefined && process.env.CI !== '' && process.env.CI !== 'false'
    const isTold = process.env[TOLD] === '1'
    return (isOffline ?? (isCi || isTold)) ? undefined : new NewerNodeSearch()
  }

  /**
   * A sentence, where one of the functions is of the Node.js that there is a newer one of. A registry that is too slow is not
   * waited for again that day; where nothing was built, it is not waited for at all.
   */
  async end(functions: readonly Pick<BuiltFunction, 'nodeVersion'>[]): Promise<string | undefined> {
    if (functions.length === 0) {
      this.#controller.abort()
    }
    const tooSlow = new DOMException('the registry has not answered in time', 'TimeoutError')
    const timer = setTimeout(
      () => this.#controller.abort(tooSlow),
      Math.max(0, this.#began + PATIENCE_MS - performance.now()),
    )
    const note = await this.#note
    clearTimeout(timer)
    this.#forget()
    return functions.some(({ nodeVersion }) => nodeVersion === pinnedVersions.version) ? note : undefined
  }
}
