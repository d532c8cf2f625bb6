/** Which packages a function's bundle holds, which are shipped beside it, and where: what {@link ./package-planner.ts} makes. */

import type { AbsentImport } from './absent-imports.ts'
import type { PackageRead } from './installed/package-reads.ts'
import type { ModuleFacts } from './module-facts.ts'
import type { ModulesWithEffects } from './namespaces/kept-effects.ts'
import type { Reimported } from './namespaces/reimported-modules.ts'
import type { BareImport } from './own/bare-imports.ts'
import type { OwnWorker } from './own-modules.ts'
import type { PlacedPackage } from './package-layout.ts'
import type { SourceOptions } from './source-options.ts'

export interface PackageChoice {
  /** Names of packages to leave out, whatever they are. */
  readonly externals: readonly string[]
  /** Names of packages to bundle, whatever they are. */
  readonly bundled: readonly string[]
  /** The folder that the package's root stands for; by default the function's project. */
  readonly root?: string
  /** Whether the author's modules are bundled with the imports that they are written with. */
  readonly keepsImports?: boolean
  /** How the author's modules are read; by default as their nearest tsconfig.json says. */
  readonly sources?: SourceOptions
  /** Whether the bundle is in strict mode, and what is not written for that is to be shipped; by default not. */
  readonly isStrict?: boolean
  /** Whether packages are bundled that another one would change as they are required: a snapshot holds one script. */
  readonly bundlesInstrumented?: boolean
}

export interface PlannedPackage extends PlacedPackage {
  /** Whether it is left out of the bundle. */
  readonly isExternal: boolean
  /** What follows its name in the report; undefined for one that another needs. */
  readonly reason: string | undefined
  /** Absolute paths of what is shipped of it. */
  readonly files: ReadonlySet<string> | 'all'
}

export interface PackagePlan {
  readonly packages: readonly PlannedPackage[]
  /** By absolute path, modules that stay in the bundle and are told their place. */
  readonly located: ReadonlyMap<string, ModuleFacts>
  /** By absolute path, JavaScript in the place of modules of the author's. */
  readonly rewritten: ReadonlyMap<string, string>
  readonly reimported: Reimported
  /** Modules of packages that do something, although their package says that they do nothing. */
  readonly effects: ModulesWithEffects
  /** What the author's modules start workers and children from. */
  readonly workers: readonly OwnWorker[]
  /** Absolute paths of the files and folders that the author's modules read. */
  readonly reads: readonly string[]
  /** The same of packages. */
  readonly packageReads: readonly PackageRead[]
  /** Absolute paths that the author's modules and packages name, whether something is there or not. */
  readonly lookedFor: readonly string[]
  /** What is looked for when the function runs. */
  readonly absent: readonly AbsentImport[]
  /** What the author's modules import for what it does, although its package says that it does nothing. */
  readonly bare: readonly BareImport[]
  /** Names of packages that are left out, and are not installed. */
  readonly absentExternals: readonly string[]
  /** Each a sentence, for the report. */
  readonly notes: readonly string[]
}

export const EMPTY_PLAN: PackagePlan = {
  packages: [],
  located: new Map(),
  rewritten: new Map(),
  reimported: new Map(),
  effects: { files: new Set(), specifiers: new Set() },
  workers: [],
  reads: [],
  packageReads: [],
  lookedFor: [],
  absent: [],
  bare: [],
  absentExternals: [],
  notes: [],
}
