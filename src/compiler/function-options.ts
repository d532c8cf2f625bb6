import type { TargetOptions } from './base-node/base-node.ts'
import type { BundleOptions } from './bundle/bundle-function.ts'
import type { Compression } from './deflate/deflate-file.ts'
import type { StubOptions } from './executable/stubbed-run.ts'
import type { IncludeOptions } from './package/included-files.ts'
import type { PackageForm } from './package/package-folder.ts'

/** How to build a function, by what each option is for. */
export interface FunctionOptions {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  /** Absolute path; made when it is not there. */
  readonly outDir: string
  readonly target: TargetOptions
  readonly bundle: BundleOptions
  readonly init: InitOptions
  readonly include: IncludeOptions
  /** Whether the package has the function alone, for the runtime in a layer. */
  readonly isForLayer?: boolean
  /** Which of the package's two forms is written; undefined for both. */
  readonly only?: PackageForm | undefined
  /** How the zip is compressed. */
  readonly compression: Compression
  /** Whether it is built although what is there was made of the same. */
  readonly isForced?: boolean
  /** Whether a function that does not initialise in the build is an error. */
  readonly isStrict?: boolean
  /** Whether the licences of what the package redistributes are in it, as `THIRD-PARTY-NOTICES`. */
  readonly notices: boolean
  /** Whether a software bill of materials is written beside the zip. */
  readonly sbom?: boolean
  /** What the package may take; whoever builds it checks that. */
  readonly budget?: Budget | undefined
  /** Environment variables of the function, for where the build runs it. Nothing of them is in the package. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Limits of what is built: sizes in bytes, times in milliseconds. */
export interface Budget {
  readonly zip?: number
  readonly unpacked?: number
  /** The function's own text. */
  readonly text?: number
  /** From the start of the process to the first `next`, on the machine that builds. */
  readonly init?: number
}

export interface InitOptions {
  /** Where the function's module is initialised: on Lambda, or here, and its heap is in the executable. */
  readonly at: 'lambda' | 'build'
  /** Absolute paths of JSON files, each an event that the function is to be prepared for. */
  readonly events: readonly string[]
  /** What answers the requests that it makes of others for them; without it, they are refused. */
  readonly stub?: StubOptions | undefined
  /** Whether the handler is called with the events in the init phase, too. */
  readonly isRehearsed?: boolean | undefined
  /**
   * Hosts to connect to in the init phase: HOST or HOST:PORT, with `{region}` in the place of the region; `found` for those that
   * the function calls when it is run with its events and stubs.
   */
  readonly connect?: readonly string[]
}
