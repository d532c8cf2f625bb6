/** Which files of a package are no code: fonts, templates, WebAssembly, dictionaries. */
import { readdir } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'

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

export async function hasDataFiles(folder: string): Promise<boolean> {
  for await (const _ of dataFiles(folder, 0)) {
    return true
  }
  return false
}

/** Absolute paths of the package's data files whose names are in one of the `texts`, or of all where none is. */
export async function findDataFiles(folder: string, texts: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for await (const file of dataFiles(folder, 0)) {
    all.push(file)
  }
  const named = all.filter((file) => texts.some((text) => text.includes(basename(file))))
  return named.length > 0 ? named : all
}

export function isDataFile(path: string): boolean {
  const name = basename(path)
  return /\./.test(name.slice(1)) && !name.startsWith('.') && !CODE.has(extname(name))
}

async function* dataFiles(folder: string, depth: number): AsyncGenerator<string> {
  const found = await readdir(folder, { withFileTypes: true })
  // File systems tell names in orders of their own.
  const entries = found.sort((left, right) => (left.name < right.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.isFile() && isDataFile(entry.name)) {
      yield join(folder, entry.name)
    }
  }
  for (const entry of entries) {
    if (entry.isDirectory() && !ASIDE.test(entry.name) && depth < DEEPEST) {
      yield* dataFiles(join(folder, entry.name), depth + 1)
    }
  }
}
