/** Whether a package has files that are no code: fonts, templates, WebAssembly, dictionaries. */
import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** Code, and what comes with it without being read by it. */
const CODE = new Set(
  '.js .cjs .mjs .ts .cts .mts .jsx .tsx .json .md .markdown .map .txt .flow .yml .yaml .lock .tgz .coffee .gyp .gypi .c .cc .cpp .h .hpp .patch .sh .bat .cmd .ps1'.split(
    ' ',
  ),
)
/** Where packages have what they are developed with. */
const ASIDE =
  /^(?:node_modules|tests?|__tests__|docs?|examples?|benchmarks?|coverage|fixtures|src|typings|types|\..*)$/i

/** A bound, for links that lead around. */
const DEEPEST = 12

export async function hasDataFiles(folder: string, depth = 0): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true })
  const isData = (name: string) =>
    /\./.test(name.slice(1)) && !name.startsWith('.') && !CODE.has(extname(name))
  if (entries.some((entry) => entry.isFile() && isData(entry.name))) {
    return true
  }
  for (const entry of entries) {
    if (entry.isDirectory() && !ASIDE.test(entry.name) && depth < DEEPEST) {
      if (await hasDataFiles(join(folder, entry.name), depth + 1)) {
        return true
      }
    }
  }
  return false
}
