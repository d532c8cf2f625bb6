/** Makes a Node.js binary smaller: leaves out of it what an executable does not need. */

import { stripElf } from '../elf/strip-elf.ts'
import { emptyUnwindTables } from '../elf/unwind-tables.ts'
import { makeIcuSmaller } from '../icu/smaller-icu.ts'

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
