/** Which handlers a function has, as its build has told in the executable. */

import { readSectionOfFile } from '../../compiler/elf/section-of-file.ts'
import { type BuildRecord, RECORD_SECTION } from '../../executable/build-record.ts'

/** What the handler setting can be; undefined where that is not told, or the file is no executable of lambdabin's. */
export async function recordedHandlers(executable: string): Promise<readonly string[] | undefined> {
  const content = await readSectionOfFile(executable, RECORD_SECTION).catch(() => undefined)
  try {
    return content && (JSON.parse(content.toString()) as BuildRecord).handlers
  } catch {
    return undefined // Of a version that writes it otherwise.
  }
}
