/** Code that is built from source, anew when a source has changed: `serve --watch`. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FunctionCode, PreparedCode, ReadyCode } from '../../emulator/code/function-code.ts'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { SourceChanges } from './source-changes.ts'

export interface WatchedCodeOptions {
  /** The source that the build starts with. */
  entry: string
  /** Where to put the builds: a folder each, in this one. */
  folder: string
  /** What environments of these builds need besides their task root. */
  ready: Omit<ReadyCode, 'kind' | 'taskRoot'>
  /** Builds into a task root. Resolves with the sources' absolute paths. */
  build: (taskRoot: string) => Promise<string[]>
  /** The files that a failed build names. */
  sourcesOfFailure: (error: unknown) => string[]
  onBuilt: (durationMs: number) => void
  onFailed: (message: string) => void
}

/** Of builds that a request waits for. */
const MAX_ROUNDS = 5

export class WatchedCode implements FunctionCode {
  readonly description = { codeSha256: '', codeSize: 0 }
  readonly zip = undefined
  readonly fixedBecause: string
  readonly #options: WatchedCodeOptions
  readonly #changes: SourceChanges
  #sources: string[]
  #prepared: PreparedCode | undefined
  /** Whether `prepare` has returned it: then environments may use it until it is retired. */
  #isInUse = false
  #building: Promise<void> | undefined
  #builds = 0
  #removed = false

  constructor(options: WatchedCodeOptions) {
    this.#options = options
    this.#sources = [options.entry]
    this.fixedBecause = `this function is built from ${options.entry}, and built anew when that changes; change the source instead`
    this.#changes = new SourceChanges(() => this.#buildIfNeeded())
  }

  async prepare(): Promise<PreparedCode> {
    this.#buildIfNeeded()
    // A source may be written while it is being built; whoever writes for ever is served with what there is.
    for (let round = 0; round < MAX_ROUNDS && this.#building !== undefined; round++) {
      await this.#building
      if (this.#changes.any) {
        this.#startBuild()
      }
    }
    this.#isInUse = true
    return this.#prepared as PreparedCode
  }

  async retired(taskRoot: string): Promise<void> {
    await rm(taskRoot, { recursive: true, force: true })
  }

  async remove(): Promise<void> {
    this.#removed = true
    this.#changes.close()
    await this.#building
  }

  /** After a failure always: what was missing may be in a file that no build has seen yet. */
  #buildIfNeeded(): void {
    if (this.#prepared?.kind !== 'ready' || this.#changes.any) {
      this.#startBuild()
    }
  }

  #startBuild(): void {
    if (this.#building === undefined && !this.#removed) {
      this.#building = this.#build().finally(() => {
        this.#building = undefined
      })
    }
  }

  async #build(): Promise<void> {
    const { build, sourcesOfFailure, folder, entry, onBuilt } = this.#options
    const since = wallClock()
    const started = performance.now()
    const taskRoot = join(folder, `build-${++this.#builds}`)
    try {
      this.#sources = await build(taskRoot)
      this.#changes.follow(this.#sources, since)
      await this.#replace({ kind: 'ready', taskRoot, ...this.#options.ready })
      onBuilt(performance.now() - started)
    } catch (error) {
      this.#changes.follow([...this.#sources, ...sourcesOfFailure(error), entry], since)
      await this.#fail(error instanceof Error ? error.message : String(error))
    }
  }

  async #fail(errorMessage: string): Promise<void> {
    const before = this.#prepared
    await this.#replace({ kind: 'failed', error: { errorType: 'Lambdabin.BuildError', errorMessage } })
    if (before?.kind !== 'failed' || before.error.errorMessage !== errorMessage) {
      this.#options.onFailed(errorMessage)
    }
  }

  /** A build that nobody has had goes at once; the others when they are retired. */
  async #replace(prepared: PreparedCode): Promise<void> {
    const before = this.#prepared
    const isUnused = !this.#isInUse
    this.#prepared = prepared
    this.#isInUse = false
    if (before?.kind === 'ready' && isUnused) {
      await this.retired(before.taskRoot)
    }
  }
}
