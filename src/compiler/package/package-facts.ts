/** What there is to tell of a finished deployment package: how large it is, and what it needs to run. */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { Architecture } from '../elf/elf-file.ts'
import type { PackageFolder } from './package-folder.ts'
import { type LibraryNeeds, type RuntimeRequirements, requirementsOf } from './runtime-requirements.ts'

export interface PackageFacts extends RuntimeRequirements {
  /** Undefined where the executable is in a layer. */
  readonly executableBytes: number | undefined
  /** Undefined when there is no zip, as below. */
  readonly zipBytes: number | undefined
  /** All files of the package together. */
  readonly unpackedBytes: number
  /** SHA-256 of the zip, base64: what AWS Lambda reports as `CodeSha256`. */
  readonly codeSha256: string | undefined
}

/** `needs` are the executable's; undefined where that is in a layer. */
export async function findPackageFacts(
  { executable, files }: PackageFolder,
  needs: LibraryNeeds | undefined,
  zip: string | undefined,
  arch: Architecture,
): Promise<PackageFacts> {
  const bytes = zip === undefined ? undefined : await readFile(zip)
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size))
  return {
    executableBytes: needs === undefined ? undefined : (await stat(executable)).size,
    zipBytes: bytes?.length,
    unpackedBytes: sizes.reduce((sum, size) => sum + size, 0),
    codeSha256: bytes && createHash('sha256').update(bytes).digest('base64'),
    ...(await requirementsOf(needs, files, arch)),
  }
}
