/** Which of AWS Lambda's runtimes an executable runs on, by the shared libraries that it needs. */
import { neededVersion } from './elf-versions.ts'
import { runtimesWith } from './lambda-runtimes.ts'

export interface RuntimeRequirements {
  /** The newest release of glibc that it asks for; undefined when it asks for none. */
  readonly glibc: string | undefined
  /** Names, as in `--runtime`, oldest first. */
  readonly runtimes: readonly string[]
}

/** Reads them from the bytes of an ELF file. Throws ElfFormatError, naming `fileName`. */
export function requirementsOf(executable: Buffer, fileName: string): RuntimeRequirements {
  const glibc = neededVersion(executable, fileName, 'GLIBC')
  const libstdcxx = neededVersion(executable, fileName, 'GLIBCXX')
  return { glibc, runtimes: runtimesWith({ glibc, libstdcxx }).map(({ name }) => name) }
}
