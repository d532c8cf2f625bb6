/** Whether native addons that are shipped beside the executable can be loaded by it. */
import { packageName } from '../dependencies/package-of-file.ts'
import { type Architecture, ElfFormatError, readArchitecture } from '../elf/elf-file.ts'
import { readHeader } from '../elf/elf-header.ts'
import type { PackageFile } from './write-zip.ts'

/**
 * Names of the packages among `files` that bring native addons, none of them for `arch` on Linux: npm
 * installed them for this machine. One that brings addons for several machines is fine if one fits.
 */
export async function packagesWithoutAddonFor(
  arch: Architecture,
  files: readonly PackageFile[],
): Promise<string[]> {
  const fits = new Map<string, boolean>()
  for (const { path, source } of files) {
    const name = path.endsWith('.node') ? packageName(path) : undefined
    if (name !== undefined && fits.get(name) !== true) {
      fits.set(name, (await architectureOf(source)) === arch)
    }
  }
  return [...fits].flatMap(([name, fit]) => (fit ? [] : [name]))
}

async function architectureOf(file: string): Promise<Architecture | undefined> {
  const { header } = await readHeader(file)
  try {
    return readArchitecture(header, file)
  } catch (error) {
    if (error instanceof ElfFormatError) {
      return undefined
    }
    throw error
  }
}
