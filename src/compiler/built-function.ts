/** What a build of one function came to: for reports, and for whoever goes on with it. */
import type { Message } from 'esbuild'
import type { Architecture } from './elf/elf-file.ts'
import type { PackageFacts } from './package/package-facts.ts'
import type { ShippedPackage } from './package/shipped-packages.ts'
import type { Step } from './steps.ts'

export interface BuiltFunction extends PackageFacts {
  readonly name: string
  /** Absolute path. */
  readonly entry: string
  readonly arch: Architecture
  readonly nodeVersion: string
  /** The locales that were asked for; undefined when there are all. */
  readonly locales: readonly string[] | undefined
  /** Absolute path of the zip; undefined where only the folder was wanted. */
  readonly zip: string | undefined
  /** Absolute path of the folder with the same content; undefined where only the zip was wanted. */
  readonly folder: string | undefined
  /** Absolute path of the software bill of materials; undefined where none was asked for. */
  readonly sbom?: string | undefined
  /** Names of the entry's exports; undefined for a CommonJS entry. */
  readonly exports: readonly string[] | undefined
  /** Handler settings that find a function, the plain name first; undefined for a CommonJS entry. */
  readonly handlers: readonly string[] | undefined
  /** esbuild's. */
  readonly warnings: readonly Message[]
  /** The packages that are beside the executable. */
  readonly shipped: readonly ShippedPackage[]
  /** Names of the shipped packages that have native addons, but none that runs on the package's architecture. */
  readonly packagesWithoutAddon: readonly string[]
  /** What there is to know about packages, and what the function reads and its package has not, a sentence each. */
  readonly packageNotes: readonly string[]
  /** What makes the executable start slower than it might, a sentence each. */
  readonly notes: readonly string[]
  /** Why the function does not initialise in the build, with what to do; undefined when it does. */
  readonly initFailure?: string | undefined
  /** That none of its exports is a handler by itself, with what to do; undefined where one is. */
  readonly noHandler?: string | undefined
  /** Environment variables that the function read as it was initialised at build time, and cannot read anew. */
  readonly environmentRead: readonly string[]
  /** Requests that the function made in the build and that its stubs do not answer: each as its file of stubs would have it. */
  readonly unanswered: readonly string[]
  /** Hosts that the function called in the build, to which its executable connects in the init phase; none where that was not asked for. */
  readonly foundHosts?: readonly string[]
  /** Whether the package is the function alone, for the runtime in a layer. */
  readonly isForLayer: boolean
  /** Whether what was there had been made of the same, and was left as it was. */
  readonly isUnchanged: boolean
  readonly steps: readonly Step[]
}
