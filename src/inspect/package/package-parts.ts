/**
 * What is in a package, and what each part takes: unpacked, and of its zip by the zip's own bits ({@link ./deflate-costs.ts}).
 * Both add up, to the byte.
 */
import { readFile } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { ElfFormatError } from '../../compiler/elf/elf-file.ts'
import { NOTICES_FILE } from '../../compiler/package/own-files.ts'
import { DeploymentPackageError } from '../../emulator/code/deployment-package-error.ts'
import type { BuildRecord } from '../../executable/build-record.ts'
import { LAYER_RUNTIME } from '../../executable/format.ts'
import { asBytes, deflateCosts } from './deflate-costs.ts'
import { type ExecutableParts, executableParts } from './executable-parts.ts'
import type { Claim, PartPath } from './file-parts.ts'
import { type LooseScripts, looseScriptParts } from './loose-scripts.ts'
import type { LeftOut } from './node-parts.ts'
import type { OpenedPackage, StoredFile } from './open-package.ts'
import { BOOTSTRAP, FILES, NOTICES, SHIPPED, TOP_PARTS, ZIP } from './part-names.ts'
import { type Part, type PartSize, partTree } from './part-tree.ts'
import { packageOf } from './script-parts.ts'

export interface PackageParts {
  readonly tree: Part
  /** The function's modules, as far as something of them is in its text. */
  readonly modules: readonly ModuleSize[]
  readonly leftOut: LeftOut | undefined
  readonly record: BuildRecord | undefined
  /** The executables of lambdabin's in it, by name. */
  readonly executables: ReadonlyMap<string, ExecutableParts>
  /** Functions without an executable, for a layer, by name. */
  readonly layered: LooseScripts['functions']
  /** Of its scripts; undefined only with an executable that tells none. */
  readonly format: number | undefined
}

export interface ModuleSize {
  /** In the function's project. */
  readonly path: string
  /** The chunk that it is in: 0 is the entry's, which each start loads. */
  readonly chunk: number
  readonly bytes: number
  readonly zippedBytes: number
}

const ELF_MAGIC = 0x7f454c46

/** Rejects with a DeploymentPackageError where the package is none of lambdabin's. */
export async function packageParts(opened: OpenedPackage): Promise<PackageParts> {
  const executables = await findExecutables(opened)
  const loose = await looseScriptParts(opened)
  const [first] = executables.values()
  if (first === undefined && loose.format === undefined) {
    throw await notOurs(opened)
  }
  const sizes = opened.files.flatMap((file) => {
    const divided = executables.get(file.path)?.claims ?? loose.claims.get(file.path)
    return sizesOf(file, divided ?? [{ path: pathOf(file.path), start: 0, end: file.bytes }])
  })
  const modules = moduleSizes(sizes)
  const stored = opened.files.reduce((sum, file) => sum + file.stored.length, 0)
  sizes.push({ path: [ZIP], bytes: 0, zippedBytes: opened.zipBytes - stored })
  const tree = partTree(opened.name, sizes)
  return {
    tree: { ...tree, parts: inOrder(tree.parts) },
    modules,
    leftOut: first?.leftOut,
    record: first?.record,
    executables,
    layered: loose.functions,
    format: first === undefined ? loose.format : first.format,
  }
}

function inOrder(parts: readonly Part[]): Part[] {
  const names: readonly string[] = TOP_PARTS
  return parts.toSorted((left, right) => names.indexOf(left.name) - names.indexOf(right.name))
}

async function findExecutables({
  folder,
  files,
  path: packagePath,
}: OpenedPackage): Promise<Map<string, ExecutableParts>> {
  const found = new Map<string, ExecutableParts>()
  for (const file of files.filter(({ path }) => !path.includes('/') || path === LAYER_RUNTIME)) {
    const bytes = await readFile(join(folder, file.path))
    if (bytes.length > 4 && bytes.readUInt32BE(0) === ELF_MAGIC) {
      const parts = readParts(bytes, `${packagePath}: ${file.path}`)
      if (parts !== undefined) {
        found.set(file.path, parts)
      }
    }
  }
  return found
}

function readParts(bytes: Buffer, name: string): ExecutableParts | undefined {
  try {
    return executableParts(bytes, name)
  } catch (error) {
    if (error instanceof ElfFormatError) {
      return undefined
    }
    throw error
  }
}

async function notOurs({ path, kind, files }: OpenedPackage): Promise<DeploymentPackageError> {
  const top = files.map((file) => file.path).filter((file) => !file.includes('/'))
  const programs = top.filter((file) => file !== BOOTSTRAP)
  const found =
    programs.length === 0
      ? `its ${kind === 'zip' ? 'zip' : 'folder'} has no executable at its top`
      : `none of ${listed(programs)} is an executable of lambdabin’s`
  return new DeploymentPackageError(
    `expected a package that lambdabin has built, but ${path} is none: ${found}; build one with: lambdabin build`,
  )
}

const MOST_LISTED = 5

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => JSON.stringify(basename(name)))
  const more = names.length - shown.length
  return new Intl.ListFormat('en').format([...shown, ...(more > 0 ? [`${more} more`] : [])])
}

interface ClaimSize extends PartSize {
  readonly module?: Claim['module']
}

function moduleSizes(sizes: readonly ClaimSize[]): ModuleSize[] {
  const modules = new Map<string, ModuleSize>()
  for (const { module, bytes, zippedBytes } of sizes) {
    if (module !== undefined) {
      const known = modules.get(module.path) ?? { ...module, bytes: 0, zippedBytes: 0 }
      modules.set(module.path, {
        ...known,
        bytes: known.bytes + bytes,
        zippedBytes: known.zippedBytes + zippedBytes,
      })
    }
  }
  return [...modules.values()].sort((left, right) => right.bytes - left.bytes)
}

function sizesOf(file: StoredFile, claims: readonly Claim[]): ClaimSize[] {
  const zipped = zippedBytes(file, claims)
  return claims.map(({ path, module, start, end }, index) => ({
    path,
    ...(module && { module }),
    bytes: end - start,
    zippedBytes: zipped[index] ?? 0,
  }))
}

function zippedBytes({ isDeflated, stored, bytes }: StoredFile, claims: readonly Claim[]): number[] {
  if (claims.length < 2) {
    return [stored.length]
  }
  const ends = claims.map(({ end }) => end)
  const isWhole = ends.at(-1) === bytes
  return isDeflated && isWhole
    ? asBytes(deflateCosts(stored, ends))
    : claims.map(({ start, end }) => end - start)
}

/** A package's, and a layer's. */
const NOTICES_FILES = [NOTICES_FILE, posix.join(posix.dirname(LAYER_RUNTIME), NOTICES_FILE)]

function pathOf(file: string): PartPath {
  if (file === BOOTSTRAP) {
    return [BOOTSTRAP]
  }
  if (NOTICES_FILES.includes(file)) {
    return [NOTICES]
  }
  const { folder, name } = packageOf(file)
  return name === undefined ? [FILES, file] : [SHIPPED, name, file.slice(folder.length + 1)]
}
