/**
 * Packages that are for one system, in a project that was installed on another: `node_modules` of macOS or Windows has
 * `@img/sharp-darwin-arm64` where Linux needs `@img/sharp-linux-x64`.
 *
 * A package names all of them as optional dependencies, and npm installs those that fit. Here those that fit Lambda are
 * installed beside the project, which stays as it is, and found after what the project has.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { runChild } from './child-process.ts'
import { baseNode, NPM } from './image-folders.ts'
import { ownModule } from './own-module.ts'

type PackagePlatform = typeof import('../../src/compiler/package/package-platform.ts')

const { fitsLinux } = await ownModule<PackagePlatform>('compiler/package/package-platform')

export type Architecture = 'x64' | 'arm64'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
}

export interface MissingPackages {
  /** Names of the packages that need them. */
  readonly neededBy: readonly string[]
  /** Version ranges, by name. */
  readonly ranges: Readonly<Record<string, string>>
}

/** No real tree of packages that are left out of a bundle comes near. */
const MOST_PACKAGES = 5000

/**
 * What of `externals`, with what they need in turn, and of the packages that the project depends on directly, is there for
 * other systems than Linux on `arch`. Files are looked for from `entries`.
 */
export function findMissing(
  entries: readonly string[],
  externals: readonly string[],
  arch: Architecture,
): MissingPackages {
  const neededBy = new Set<string>()
  const ranges: Record<string, string> = {}
  const seen = new Set<string>()
  const look = (name: string, from: string, deeper: boolean): void => {
    const folder = findPackage(name, from)
    if (folder === undefined || seen.has(folder) || seen.size > MOST_PACKAGES) {
      return
    }
    const file = join(folder, 'package.json')
    const manifest = readManifest(file)
    const missing = missingParts(manifest, file, arch)
    if (Object.keys(missing).length > 0) {
      neededBy.add(name)
      Object.assign(ranges, missing)
    }
    if (deeper) {
      seen.add(folder)
      for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
        look(dependency, file, true)
      }
    }
  }
  for (const entry of entries) {
    for (const name of externals) {
      look(name, entry, true)
    }
    const project = nearestManifest(entry)
    for (const name of Object.keys(project?.manifest.dependencies ?? {})) {
      look(name, project?.file ?? entry, false)
    }
  }
  return { neededBy: [...neededBy], ranges }
}

/** The optional dependencies that are not there, of a package that has some which do not fit and none that does. */
function missingParts(
  { optionalDependencies = {} }: Manifest,
  file: string,
  arch: Architecture,
): Record<string, string> {
  const missing: Record<string, string> = {}
  let forOthers = false
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const folder = findPackage(name, file)
    if (folder === undefined) {
      missing[name] = range
      continue
    }
    const manifest = readManifest(join(folder, 'package.json'))
    const isForOneSystem = manifest.os !== undefined || manifest.cpu !== undefined
    if (isForOneSystem && fitsLinux(manifest, arch)) {
      return {}
    }
    forOthers ||= isForOneSystem
  }
  // Where nothing is there at all, npm may have been told to leave it out; on Linux it would be there.
  const isForLinux = Object.keys(missing).some((name) => name.includes('linux') && name.includes(arch))
  return forOthers || isForLinux ? missing : {}
}

/**
 * Installs what is missing into a folder below `cache` whose name follows from it, unless it is there. Resolves to its
 * `node_modules`, or undefined when npm fails, which has said why.
 */
export async function installMissing(
  { ranges }: MissingPackages,
  arch: Architecture,
  cache: string,
  env: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const key = createHash('sha256').update(JSON.stringify(ranges)).digest('hex').slice(0, 16)
  const place = join(cache, `linux-${arch}-${key}`)
  const folder = join(place, 'node_modules')
  if (existsSync(folder)) {
    return folder
  }
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(`${place}-`)
  try {
    await writeFile(
      join(work, 'package.json'),
      JSON.stringify({ private: true, optionalDependencies: ranges }),
    )
    const options = [`--os=linux`, `--cpu=${arch}`, '--libc=glibc', '--ignore-scripts', '--no-package-lock']
    await runChild(baseNode('x64'), [NPM, 'install', ...options, '--no-audit', '--no-fund'], env, {
      cwd: work,
      isAside: true,
    })
    // npm takes it for a success when an optional package cannot be had.
    if (!existsSync(join(work, 'node_modules'))) {
      return undefined
    }
    if (!existsSync(place)) {
      renameSync(work, place)
    }
    return folder
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The folder of a package as Node.js finds it from a file. */
function findPackage(name: string, fromFile: string): string | undefined {
  const lookups = createRequire(fromFile).resolve.paths(`${name}/package.json`) ?? []
  const found = lookups
    .map((lookup) => join(lookup, name))
    .find((folder) => existsSync(join(folder, 'package.json')))
  return found === undefined ? undefined : realpathSync(found)
}

function nearestManifest(file: string): { file: string; manifest: Manifest } | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const candidate = join(folder, 'package.json')
    if (existsSync(candidate)) {
      return { file: candidate, manifest: readManifest(candidate) }
    }
    if (folder === dirname(folder)) {
      return undefined
    }
  }
}

/** One that cannot be read says nothing here; the build will say what is wrong with it. */
function readManifest(file: string): Manifest {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}
