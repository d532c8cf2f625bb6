/**
 * The files of the packages that are shipped beside the executable: of a whole package all that can be of use there, which
 * is not what it was built from, nor what is for other systems.
 */
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, extname, join, relative, sep } from 'node:path'
import { platformPackages } from '../dependencies/native-addons.ts'
import { type Manifest, readManifest } from '../dependencies/package-layout.ts'
import type { PlannedPackage } from '../dependencies/package-plan.ts'
import { type Architecture, ElfFormatError, readArchitecture } from '../elf/elf-file.ts'
import { readHeader } from '../elf/elf-header.ts'
import { packagesWithoutAddonFor } from './addon-architectures.ts'
import { mayHoldKeys } from './key-files.ts'
import { allows, fitsLinux } from './package-platform.ts'
import type { PackageFile } from './write-zip.ts'

/** One that is shipped as it is, or some files of it. */
export interface ShippedPackage {
  readonly name: string
  readonly version: string | undefined
  /** Where it is in the deployment package: `node_modules/sharp`. */
  readonly place: string
  /** What follows its name in a sentence: `has native addons`. Undefined for one that another needs. */
  readonly reason: string | undefined
  /** The package that it is shipped for, where that is another. */
  readonly neededBy: string | undefined
  /** Whether its code is in the bundle all the same. */
  readonly isBundled: boolean
  readonly files: number
  readonly bytes: number
}

export interface ShippedPackages {
  readonly packages: readonly ShippedPackage[]
  readonly files: readonly PackageFile[]
  /** Names of those that have native addons, but none that runs on the package's architecture. */
  readonly withoutAddon: readonly string[]
}

export async function listShippedPackages(
  planned: readonly PlannedPackage[],
  arch: Architecture,
): Promise<ShippedPackages> {
  const packages: ShippedPackage[] = []
  const files: PackageFile[] = []
  const withoutAddon = new Set<string>()
  const names = new Set(planned.map(({ name }) => name))
  for (const each of planned) {
    const manifest = await readManifest(each.folder).catch((): Manifest => ({}))
    if (
      !fitsLinux(manifest, arch) ||
      !allows(manifest.libc, 'glibc') ||
      (each.files !== 'all' && each.files.size === 0)
    ) {
      continue
    }
    const all = await listFiles(each)
    const kept = []
    for (const file of all) {
      if (await isOfUse(file.source, arch, names.has('typescript'))) {
        kept.push(file)
      }
    }
    for (const name of await packagesWithoutAddonFor(arch, all)) {
      withoutAddon.add(name)
    }
    if (each.isExternal && lacksPlatformPackage(manifest, each.folder, names, arch)) {
      withoutAddon.add(each.name)
    }
    const sizes = await Promise.all(kept.map(async ({ source }) => (await stat(source)).size))
    files.push(...kept)
    packages.push({
      name: each.name,
      version: manifest.version,
      place: each.place,
      reason: each.reason,
      neededBy: each.neededBy,
      isBundled: !each.isExternal,
      files: kept.length,
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    })
  }
  return { packages, files, withoutAddon: [...withoutAddon] }
}

async function listFiles({ place, folder, files }: PlannedPackage): Promise<PackageFile[]> {
  if (files === 'all') {
    return listFolder(place, folder)
  }
  const sources = [...new Set([...files, join(folder, 'package.json')])].filter(existsSync)
  const listed = await Promise.all(
    sources.map((source) => listFile(`${place}/${relative(folder, source).split(sep).join('/')}`, source)),
  )
  return listed.flat()
}

/** A package's own files: what is in its node_modules has a place of its own. */
async function listFolder(place: string, folder: string): Promise<PackageFile[]> {
  // File systems tell names in orders of their own.
  const names = (await readdir(folder)).filter((name) => name !== 'node_modules' && !mayHoldKeys(name)).sort()
  const files = await Promise.all(names.map((name) => listFile(`${place}/${name}`, join(folder, name))))
  return files.flat()
}

async function listFile(path: string, source: string): Promise<PackageFile[]> {
  const status = await stat(source).catch(() => undefined)
  if (status === undefined) {
    return [] // A link to nowhere.
  }
  if (!status.isDirectory()) {
    return [{ path, source, executable: (status.mode & 0o111) !== 0 }]
  }
  return listFolder(path, source)
}

/** Whether a package that comes with another for each platform has none here for Linux on `arch`. */
function lacksPlatformPackage(
  manifest: Manifest,
  folder: string,
  shipped: ReadonlySet<string>,
  arch: Architecture,
): boolean {
  const fitting = platformPackages(manifest).filter(
    (name) => /linux/.test(name) && !/musl/.test(name) && new RegExp(String.raw`\b${arch}\b`).test(name),
  )
  return (
    fitting.length > 0 &&
    !fitting.some((name) => shipped.has(name) || existsSync(join(folder, 'node_modules', name)))
  )
}

const WHAT_IT_WAS_BUILT_FROM =
  /\.(?:c|cc|cpp|cxx|h|hpp|hh|hxx|ipp|S|asm|cmake|gyp|gypi|o|obj|a|lib|pdb|tsbuildinfo|d\.[cm]?ts\.map)$/
/** What node-gyp leaves beside the addon that it has built: the same addon before it was copied, and what each object was made of. */
const LEFT_BY_NODE_GYP =
  /[\\/]build[\\/](?:Release|Debug)[\\/](?:obj\.target|\.deps)[\\/]|[\\/]build[\\/](?:Makefile|[^\\/]*\.mk)$/
const BINARY = /\.(?:node|dylib|dll|exe|so(?:\.\d+)*)$/

/** TypeScript's own library, which it reads when it compiles. */
const LIBRARY_OF_TYPES = /[\\/]lib(?:\.[\w.]+)?\.d\.ts$/

/** `readsTypes` where something may read declarations. */
async function isOfUse(source: string, arch: Architecture, readsTypes: boolean): Promise<boolean> {
  if (WHAT_IT_WAS_BUILT_FROM.test(source) || LEFT_BY_NODE_GYP.test(source)) {
    return false
  }
  if (isSourceOfModule(source) || isProgramOfLibrary(source)) {
    return false
  }
  if (/\.d\.[cm]?ts$/.test(source)) {
    return (
      LIBRARY_OF_TYPES.test(source) || (readsTypes && !existsSync(source.replace(/\.d\.([cm]?)ts$/, '.$1js')))
    )
  }
  if (source.endsWith('.map')) {
    return !existsSync(source.slice(0, -'.map'.length))
  }
  return isBinary(source) ? isForArchitecture(source, arch) : true
}

/** The innermost `src` of a path. */
const SOURCE_FOLDER = /^(.*[\\/])src([\\/])/

/** TypeScript of a module that is there as JavaScript, beside it or in the folder that it was compiled to, and tests of it. */
function isSourceOfModule(source: string): boolean {
  const [, stem = '', kind] = /^(.*?)\.([cm]?)tsx?$/.exec(source) ?? []
  if (kind === undefined || stem.endsWith('.d')) {
    return false
  }
  const places = [
    stem,
    ...['dist', 'lib', 'build'].map((folder) => stem.replace(SOURCE_FOLDER, `$1${folder}$2`)),
  ]
  return /\.(?:spec|test)$/.test(stem) || places.some((place) => existsSync(`${place}.${kind}js`))
}

/**
 * A program of a native library that an addon was built with: an example or a test, which the library's own
 * build leaves beside the source that it is of. node-rdkafka has 290 MB of them.
 */
function isProgramOfLibrary(source: string): boolean {
  return extname(source) === '' && ['c', 'cc', 'cpp', 'cxx'].some((kind) => existsSync(`${source}.${kind}`))
}

function isBinary(source: string): boolean {
  return BINARY.test(source) || (extname(source) === '' && !/^[A-Z.]/.test(basename(source)))
}

const ELF = 0x7f454c46
const OTHER_SYSTEMS = new Set([0xcffaedfe, 0xcefaedfe, 0xcafebabe, 0xfeedface, 0xfeedfacf])
const DOS = 0x4d5a

async function isForArchitecture(source: string, arch: Architecture): Promise<boolean> {
  const { header } = await readHeader(source)
  if (header.length < 4) {
    return true
  }
  const magic = header.readUInt32BE(0)
  if (OTHER_SYSTEMS.has(magic) || header.readUInt16BE(0) === DOS) {
    return false
  }
  if (magic !== ELF) {
    return true
  }
  try {
    return readArchitecture(header, source) === arch && !(await needsMusl(source))
  } catch (error) {
    if (error instanceof ElfFormatError) {
      return false
    }
    throw error
  }
}

/** Amazon Linux has glibc. */
async function needsMusl(source: string): Promise<boolean> {
  return (await readFile(source)).includes('libc.musl-')
}
