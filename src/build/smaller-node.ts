/** Makes a Node.js binary smaller: leaves out of it what an executable does not need. */
import { makeIcuSmaller } from './smaller-icu.ts'
import { stripElf } from './strip-elf.ts'
import { emptyUnwindTables } from './unwind-tables.ts'

/**
 * The bytes of `executable` without symbols and debug information, unwind tables, and ICU data that JavaScript cannot
 * reach or, if `locales` are given, of others. All of it that JavaScript can see works as before. Throws an ElfFormatError,
 * naming `fileName`; given `locales`, also an IcuDataError or UnknownLocaleError.
 */
export function makeNodeSmaller(
  executable: Buffer,
  fileName: string,
  locales: readonly string[] | undefined,
): Buffer {
  const stripped = stripElf(executable, fileName)
  return makeIcuSmaller(emptyUnwindTables(stripped, fileName), fileName, locales)
}
