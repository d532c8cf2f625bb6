/** The source maps of modules that were compiled before: esbuild reads them for its own. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

const COMMENT = /[#@]\s*sourceMappingURL=([^\s'"`]+)/g
const CODE = /\.[cm]?[jt]sx?$/

/** Where those of the modules `files` are, or would be: absolute paths. */
export function sourceMapsOf(files: readonly string[]): string[] {
  return files.filter(isCode).flatMap((file) => sourceMapsIn(file, readFileSync(file)))
}

/** The same of the module `file` with this text. */
export function sourceMapsIn(file: string, text: Buffer): string[] {
  return !isCode(file) || !text.includes('sourceMappingURL=')
    ? []
    : [...text.toString('latin1').matchAll(COMMENT)]
        .map(([, url = '']) => url)
        .filter((url) => !/^[a-z]{2,}:/i.test(url))
        .map((url) => resolve(dirname(file), decoded(url)))
}

function isCode(file: string): boolean {
  return CODE.test(file)
}

function decoded(url: string): string {
  try {
    return decodeURI(url)
  } catch {
    return url
  }
}
