/** What `lambdabin inspect` tells of a package, as data: what `--json` prints, and tables, comparisons and pages are made of. */
import { join } from 'node:path'
import type { Architecture } from '../../compiler/elf/elf-file.ts'
import { requirementsOf } from '../../compiler/package/runtime-requirements.ts'
import type { BuildRecord, RecordedOptions, RecordedShipment } from '../../executable/build-record.ts'
import { type Evaluation, evaluations } from './module-evaluation.ts'
import type { LeftOut } from './node-parts.ts'
import { type OpenedPackage, openPackage } from './open-package.ts'
import { type ModuleSize, type PackageParts, packageParts } from './package-parts.ts'
import { OWN_CODE } from './part-names.ts'
import type { Part } from './part-tree.ts'
import { type InspectedSbom, readSbom } from './read-sbom.ts'
import { packageOf } from './script-parts.ts'

export interface Inspection {
  /** As it was given. */
  readonly path: string
  readonly kind: 'zip' | 'folder'
  readonly name: string
  /** Of a folder: of the zip that `lambdabin build` would make of it. */
  readonly zipBytes: number
  readonly unpackedBytes: number
  readonly codeSha256: string | null
  /** The executables of lambdabin's in it. */
  readonly executables: readonly string[]
  readonly lambdabin: string | null
  /** The format of its scripts. */
  readonly format: number | null
  readonly nodeVersion: string | null
  readonly arch: Architecture | null
  readonly glibc: string | null
  /** Lambda's runtimes that it runs on. */
  readonly runtimes: readonly string[]
  /** What was not as it is by default. */
  readonly options: RecordedOptions | null
  readonly warnings: readonly string[]
  readonly notes: readonly string[]
  /** In bytes, what of Node.js as it is published is not in it. */
  readonly leftOut: (LeftOut & { readonly symbols: number | null }) | null
  readonly parts: Part
  readonly packages: readonly InspectedPackage[]
  readonly modules: readonly InspectedModule[]
  readonly shipped: readonly RecordedShipment[]
  /** What `build --sbom` has written beside it. */
  readonly sbom: InspectedSbom | null
}

/** One whose modules are in the function's text. */
export interface InspectedPackage {
  readonly name: string
  /** Each that there is; the text may hold several. */
  readonly versions: readonly string[]
  readonly modules: number
  readonly bytes: number
  readonly zippedBytes: number
}

export interface InspectedModule extends ModuleSize {
  /** `null` for the function's own. */
  readonly package: string | null
  /** `null` where the package does not tell. */
  readonly evaluated: Evaluation | null
}

/** What is looked into, and what was found: for who goes on with it. */
export interface InspectedContents {
  readonly inspection: Inspection
  readonly opened: OpenedPackage
  readonly parts: PackageParts
}

/** `workFolder` is the caller's to delete. Rejects with a DeploymentPackageError. */
export async function inspectPackage(path: string, workFolder: string): Promise<InspectedContents> {
  const opened = await openPackage(path, workFolder)
  const parts = await packageParts(opened)
  const { record, tree, leftOut } = parts
  const executables = [...parts.executables.keys()]
  const [first] = parts.executables.values()
  const runs = first && (await requirementsOf(first.needs, sources(opened), first.arch))
  return {
    opened,
    parts,
    inspection: {
      path,
      kind: opened.kind,
      name: opened.name,
      zipBytes: opened.zipBytes,
      unpackedBytes: opened.files.reduce((sum, { bytes }) => sum + bytes, 0),
      codeSha256: opened.codeSha256 ?? null,
      executables,
      lambdabin: record?.lambdabin ?? null,
      format: parts.format ?? null,
      nodeVersion: first?.nodeVersion ?? null,
      arch: first?.arch ?? null,
      glibc: runs?.glibc ?? null,
      runtimes: runs?.runtimes ?? [],
      options: record?.options ?? null,
      warnings: record?.warnings ?? [],
      notes: record?.notes ?? [],
      leftOut: leftOut ? { ...leftOut, symbols: record?.strippedBytes ?? null } : null,
      parts: tree,
      packages: packagesOf(parts.modules, record),
      modules: modulesOf(parts.modules, record),
      shipped: record?.shipped ?? [],
      sbom: (await readSbom(path, opened.codeSha256)) ?? null,
    },
  }
}

function sources({ folder, files }: OpenedPackage): { path: string; source: string }[] {
  return files.map(({ path }) => ({ path, source: join(folder, path) }))
}

function modulesOf(modules: readonly ModuleSize[], record: BuildRecord | undefined): InspectedModule[] {
  const evaluated = evaluations(record)
  return modules.map((module) => ({
    ...module,
    package: packageOf(module.path).name ?? null,
    evaluated: evaluated?.get(module.path) ?? null,
  }))
}

function packagesOf(modules: readonly ModuleSize[], record: BuildRecord | undefined): InspectedPackage[] {
  const byName = Map.groupBy(modules, ({ path }) => packageOf(path).name ?? OWN_CODE)
  const packages = [...byName].map(([name, own]) => {
    const folders = new Set(own.map(({ path }) => packageOf(path).folder))
    const recorded = (record?.packages ?? []).filter(({ folder }) => folders.has(folder))
    return {
      name,
      versions: [...new Set(recorded.map(({ version }) => version))].sort(),
      modules: own.length,
      bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
      zippedBytes: own.reduce((sum, { zippedBytes }) => sum + zippedBytes, 0),
    }
  })
  return packages.sort((left, right) => right.bytes - left.bytes)
}
