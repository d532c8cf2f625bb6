/** All that there is to know before a local Lambda is started, checked. */
import type { BundleOptions } from '../../compiler/bundle/bundle-function.ts'
import type { IncludeOptions } from '../../compiler/package/included-files.ts'
import type { GivenStubs } from '../../configuration/run-options.ts'
import type { FunctionUrlConfiguration } from '../../emulator/functions/function-configuration.ts'
import type { RunSettings } from '../run-settings.ts'

export type InvokeMode = FunctionUrlConfiguration['invokeMode']

/** A deployment package that is served as a function of its name. */
export interface ServedPackage {
  /** A zip or a folder. */
  readonly path: string
  readonly run: RunSettings
}

/** A source that is served as a function, and built anew when it changes. */
export interface WatchedSource {
  /** How messages name it. */
  readonly path: string
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  readonly bundle: Pick<BundleOptions, 'externals' | 'bundled' | 'esbuild' | 'root'>
  readonly include: IncludeOptions
  readonly run: RunSettings
}

export interface LocalLambdaSettings {
  readonly packages: readonly ServedPackage[]
  readonly watched: readonly WatchedSource[]
  readonly host: string
  /** 0 for any that is free. */
  readonly port: number
  readonly stateFolder: string
  readonly region: string
  /** Invocations at once. */
  readonly concurrency: number
  /** Execution environments at once. */
  readonly environments: number
  readonly retryDelaysMs: readonly [number, number]
  /** The first inspector's port; undefined for none. */
  readonly inspectorPort: number | undefined
  readonly invokeMode: InvokeMode
  /** Invocations at once in one environment; undefined for one, as of functions on Lambda's own machines. */
  readonly instanceConcurrency: number | undefined
  /** Gives each environment the share of the machine that its memory buys. */
  readonly cpuShare: boolean
  /** Of buckets, by name, a folder or the URL of an endpoint. */
  readonly buckets: ReadonlyMap<string, string>
  /** A file of routes, or a template of SAM or CDK. */
  readonly routesFile: string | undefined
  /** Of functions, a queue's URL or a folder each. */
  readonly sources: readonly (readonly [functionName: string, place: string])[]
  readonly batchSize: number
  /** Variables that each function has: where AWS's SDKs find services. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly hasPage: boolean
  /** Who answers what the functions ask others; undefined for those others. */
  readonly stubs: GivenStubs | undefined
}

/** Where functions' logs go, and the emulator's own sentences. */
export interface LambdaLog {
  /** For one environment of a function. */
  open(functionName: string): (chunk: Uint8Array | string) => void
  notice(message: string): void
}
