/**
 * Which of AWS Lambda's runtimes a deployment package runs on, by the shared libraries that its programs
 * need.
 */
import { readFile } from 'node:fs/promises'
import { type Architecture, ElfFormatError, readArchitecture } from '../elf/elf-file.ts'
import { compareVersions, neededVersion } from '../elf/elf-versions.ts'
import type { FileBytes } from '../elf/gathered-bytes.ts'
import { runtimesWith } from './lambda-runtimes.ts'
import type { PackageFile } from './write-zip.ts'

export interface RuntimeRequirements {
  /**
   * The newest release of glibc that something in the package asks for; undefined when nothing asks for any.
   */
  readonly glibc: string | undefined
  /** Names, as in `--runtime`, oldest first. */
  readonly runtimes: readonly string[]
  /** Paths in the package of native addons and libraries that none of the runtimes has the libraries for. */
  readonly tooNew?: readonly string[]
}

/** The newest releases that an ELF file asks for; undefined where it asks for none. */
export interface LibraryNeeds {
  readonly glibc: string | undefined
  readonly libstdcxx: string | undefined
}

/** Native addons, and the libraries that they bring. */
const LIBRARY = /\.(?:node|so(?:\.\d+)*)$/

/**
 * What the executable of a package and its native addons need together. An addon for another machine, of
 * which packages like to bring some, does not count.
 */
export async function requirementsOf(
  executable: LibraryNeeds | undefined,
  files: readonly Pick<PackageFile, 'path' | 'source'>[],
  arch: Architecture,
): Promise<RuntimeRequirements> {
  const needs = executable === undefined ? [] : [executable]
  const tooNew: string[] = []
  for (const { path, source } of files.filter((file) => LIBRARY.test(file.path))) {
    const library = await readFile(source)
    if (isFor(arch, library, path)) {
      const need = libraryNeeds(library, path)
      needs.push(need)
      if (runtimesWith(need).length === 0) {
        tooNew.push(path)
      }
    }
  }
  const glibc = newest(needs.map((need) => need.glibc))
  const libstdcxx = newest(needs.map((need) => need.libstdcxx))
  return { glibc, runtimes: runtimesWith({ glibc, libstdcxx }).map(({ name }) => name), tooNew }
}

/** Throws an ElfFormatError, naming `fileName`. */
export function libraryNeeds(bytes: FileBytes, fileName: string): LibraryNeeds {
  return {
    glibc: neededVersion(bytes, fileName, 'GLIBC'),
    libstdcxx: neededVersion(bytes, fileName, 'GLIBCXX'),
  }
}

function isFor(arch: Architecture, library: Buffer, path: string): boolean {
  try {
    return readArchitecture(library, path) === arch
  } catch (error) {
    if (error instanceof ElfFormatError) {
      return false
    }
    throw error
  }
}

function newest(versions: readonly (string | undefined)[]): string | undefined {
  return versions
    .filter((version) => version !== undefined)
    .sort(compareVersions)
    .at(-1)
}
