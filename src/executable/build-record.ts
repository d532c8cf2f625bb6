/**
 * What a build tells of itself in the executable that it makes, for `lambdabin inspect`: what cannot be read off the
 * executable's bytes.
 *
 * It is JSON, in a section of the ELF file that is not mapped (`readelf -p .lambdabin`), so that no start reads it. It tells
 * nothing of the machine that built: paths are relative to the function's project. What is new in it is added, and whoever reads it
 * takes nothing for granted: packages of earlier versions have none, those of later ones may have more.
 */

export const RECORD_SECTION = '.lambdabin'

export interface BuildRecord {
  /** The version of lambdabin. */
  readonly lambdabin: string
  /** The function's name. */
  readonly name: string
  /** The path of its entry. */
  readonly entry: string
  /** What Lambda's handler setting can be, where that is known: see `handlers` of a build's report. */
  readonly handlers?: readonly string[]
  readonly arch: string
  /** The version of Node.js. */
  readonly node: string
  readonly options: RecordedOptions
  /** What the build warned of, and what it noted of slower starts; a sentence each. */
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
  /** All modules of the function, in the order of their paths. */
  readonly modules: readonly RecordedModule[]
  /** Of each chunk, the modules in it by their place in the list, in the order of where they begin, and how many bytes of each. */
  readonly chunks: readonly (readonly (readonly [module: number, bytes: number])[])[]
  /** The packages that modules are from. */
  readonly packages: readonly RecordedPackage[]
  readonly shipped: readonly RecordedShipment[]
  /** Bytes of the Node.js binary that were behind its end: symbols and debug information. */
  readonly strippedBytes: number
}

/** What was not as it is by default. */
export interface RecordedOptions {
  readonly init?: 'build'
  readonly intl?: readonly string[]
  readonly zip?: 'small'
  readonly minify?: false
  readonly external?: readonly string[]
  readonly bundle?: readonly string[]
  readonly include?: readonly string[]
  /** How many sample events there were. */
  readonly event?: number
  /** How many stubs there were. */
  readonly stub?: number
  readonly rehearse?: true
  /** Hosts that are connected to early. */
  readonly connect?: readonly string[]
  /** Whether another Node.js than the pinned one was given. */
  readonly node?: true
  readonly notices?: false
  readonly strict?: true
  /** Names of esbuild's options that the author set: values may be anything. */
  readonly esbuild?: readonly string[]
}

export interface RecordedModule {
  readonly path: string
  /** The modules, by their place in the list, that it imports or requires; and those that it gets by `import()`. */
  readonly imports?: readonly number[]
  readonly later?: readonly number[]
  /** Node.js's modules and packages outside of the bundle that it imports or requires. */
  readonly outside?: readonly string[]
  /** Whether it is no ES module. */
  readonly commonJs?: true
}

export interface RecordedPackage {
  /** Its folder, which the paths of its modules begin with: `node_modules/zod`. */
  readonly folder: string
  readonly name: string
  readonly version: string
}

/** A package that is beside the executable. */
export interface RecordedShipment {
  readonly name: string
  readonly version?: string
  /** Where it is in the package: `node_modules/sharp`. */
  readonly place: string
  /** What follows its name in a sentence. */
  readonly reason?: string
  readonly neededBy?: string
}
