/** Code that is built from source, anew when a source has changed: `serve --watch`. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FunctionCode, PreparedCode } from '../emulator/function-code.ts'
import { SourceChanges } from './source-changes.ts'

export interface WatchedCodeOptions {
  /** The source that the build starts with. */
  entry: string
  /** Where to put the builds: a folder each, in this one. */
  folder: string
  /** Builds into a task root. Resolves with the sources' absolute paths. */
  build: (taskRoot: string) => Promise<string[]>
  /** The files that a failed build names. */
  sourcesOfFailure: (error: unknown) => string[]
  onBuilt: (durationMs: number) => void
  onFailed: (message: string) => void
}

export class WatchedCode implements FunctionCode {
  readonly description = { codeSha256: '', codeSize: 0 }
  readonly zip = undefined
  readonly fixedBecause: string
  readonly #options: WatchedCodeOptions
  readonly #changes: SourceChanges
  #sources: string[]
  #prepared: PreparedCode | undefined
  #building: Promise<void> | undefined
  #builds = 0
  #removed = false

  constructor(options: WatchedCodeOptions) {
    this.#options = options
    this.#sources = [options.entry]
    this.fixedBecause = `this function is built from ${options.entry}, and built anew when that changes; change the source instead`
    this.#changes = new SourceChanges(() => this.#buildIfChanged())
  }

  async prepare(): Promise<PreparedCode> {
    // A source may be written while it is being built; whoever writes for ever is served with what there is.
    for (let round = 0; round < 5; round++) {
      this.#buildIfChanged()
      if (this.#building === undefined) {
        break
      }
      await this.#building
    }
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

  #buildIfChanged(): void {
    if (this.#building !== undefined || this.#removed) {
      return
    }
    if (this.#prepared === undefined || this.#changes.any) {
      this.#building = this.#build().finally(() => {
        this.#building = undefined
      })
    }
  }

  async #build(): Promise<void> {
    const { build, sourcesOfFailure, folder, onBuilt, onFailed } = this.#options
    const since = Date.now()
    const started = performance.now()
    const taskRoot = join(folder, `build-${++this.#builds}`)
    try {
      this.#sources = await build(taskRoot)
      this.#changes.follow(this.#sources, since)
      this.#prepared = { kind: 'ready', taskRoot }
      onBuilt(performance.now() - started)
    } catch (error) {
      // What was missing may be in a file that no build has seen yet: the folders of all that were seen are watched.
      this.#changes.follow([...this.#sources, ...sourcesOfFailure(error), this.#options.entry], since)
      const errorMessage = error instanceof Error ? error.message : String(error)
      this.#prepared = { kind: 'failed', error: { errorType: 'Lambdabin.BuildError', errorMessage } }
      onFailed(errorMessage)
    }
  }
}
