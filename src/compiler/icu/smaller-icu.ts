/**
 * Makes the ICU data in a Node.js binary smaller.
 *
 * The data is one block, exported under a name such as `icudt78_dat`. Code finds things in it by its own table of
 * contents, so the smaller block is written to where the old one began, and nothing else moves; what is left of the place
 * becomes zeros, which a zip holds for nothing.
 */
import { parseElf } from '../elf/elf-file.ts'
import { findSymbol } from '../elf/elf-symbols.ts'
import { IcuDataError } from './common-data.ts'
import { filterIcuData } from './filter.ts'

/**
 * The bytes of `executable` with the ICU data that JavaScript can reach, of the locales that are named or else of all.
 * Without `locales`, data that is not understood is left alone; with them, it throws an {@link IcuDataError}. Throws an
 * UnknownLocaleError for a locale that is not there, and an ElfFormatError, naming `fileName`.
 */
export function makeIcuSmaller(
  executable: Buffer,
  fileName: string,
  locales: readonly string[] | undefined,
): Buffer {
  const symbol = findSymbol(executable, parseElf(executable, fileName), /^icudt\d+_dat$/)
  if (symbol === undefined) {
    if (locales === undefined) {
      return executable
    }
    throw new IcuDataError(`${fileName} has no ICU data of its own`)
  }
  const { offset, size } = symbol
  const block = executable.subarray(offset, offset + size)
  const smaller = filter(block, locales)
  if (smaller.length > size) {
    return executable
  }
  const bytes = Buffer.from(executable)
  bytes.fill(0, offset, offset + size)
  smaller.copy(bytes, offset)
  return bytes
}

function filter(block: Buffer, locales: readonly string[] | undefined): Buffer {
  try {
    return filterIcuData(block, locales)
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof IcuDataError)) {
      throw error
    }
    if (locales === undefined) {
      return block
    }
    throw new IcuDataError('its ICU data is of a kind that is not known here', { cause: error })
  }
}
