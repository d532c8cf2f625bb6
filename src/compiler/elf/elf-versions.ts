/**
 * Which glibc and libstdc++ an executable needs.
 *
 * A dynamically linked executable lists, in `.gnu.version_r`, the symbol versions it wants of each shared
 * library; the dynamic linker refuses to start it where one is missing. glibc names them `GLIBC_2.17`, after
 * the release that brought the symbol. Layout: Linux Standard Base, "Symbol Versioning" (Elfxx_Verneed,
 * Elfxx_Vernaux).
 */
import { ElfFormatError, parseElf, readString, SECTION_TYPE } from './elf-file.ts'
import type { FileBytes } from './gathered-bytes.ts'

/** Names of the symbol versions that an ELF file needs, by library: `{'libc.so.6': ['GLIBC_2.17', …]}`. */
export function neededSymbolVersions(executable: FileBytes, fileName: string): Map<string, string[]> {
  const { sections } = parseElf(executable, fileName)
  const needs = sections.find((section) => section.type === SECTION_TYPE.versionNeed)
  const names = needs && sections[needs.link]
  if (needs === undefined || names === undefined) {
    return new Map()
  }
  try {
    return readNeeds(executable, needs, names.offset)
  } catch (error) {
    throw new ElfFormatError(
      `${fileName} is a damaged ELF file: .gnu.version_r leads outside of it; get the file anew`,
      {
        cause: error,
      },
    )
  }
}

/**
 * The newest release that an ELF file asks for under a prefix: `2.28` of glibc under `GLIBC`, `3.4.21` of
 * libstdc++ under `GLIBCXX`; undefined when it asks for none, as a static one does.
 */
export function neededVersion(
  executable: FileBytes,
  fileName: string,
  prefix: 'GLIBC' | 'GLIBCXX',
): string | undefined {
  const versions = [...neededSymbolVersions(executable, fileName).values()].flat()
  // Not all are releases: GLIBC_PRIVATE, GLIBC_ABI_DT_RELR.
  const releases = versions
    .filter((version) => version.startsWith(`${prefix}_`) && /_\d+(\.\d+)+$/.test(version))
    .map((version) => version.slice(prefix.length + 1))
  return releases.sort(compareVersions).at(-1)
}

/** Orders versions of dotted numbers: negative when `left` is the older, 0 when they are the same. */
export function compareVersions(left: string, right: string): number {
  const lefts = left.split('.').map(Number)
  const rights = right.split('.').map(Number)
  for (let at = 0; at < Math.max(lefts.length, rights.length); at += 1) {
    const difference = (lefts[at] ?? 0) - (rights[at] ?? 0)
    if (difference !== 0) {
      return difference
    }
  }
  return 0
}

function readNeeds(
  executable: FileBytes,
  needs: { offset: number; info: number },
  names: number,
): Map<string, string[]> {
  const libraries = new Map<string, string[]>()
  let at = needs.offset
  for (let library = 0; library < needs.info; library += 1) {
    const versionCount = executable.readUInt16LE(at + 2)
    const versions: string[] = []
    let versionAt = at + executable.readUInt32LE(at + 8)
    for (let version = 0; version < versionCount; version += 1) {
      versions.push(readString(executable, names + executable.readUInt32LE(versionAt + 8)))
      versionAt += executable.readUInt32LE(versionAt + 12)
    }
    libraries.set(readString(executable, names + executable.readUInt32LE(at + 4)), versions)
    at += executable.readUInt32LE(at + 12)
  }
  return libraries
}
