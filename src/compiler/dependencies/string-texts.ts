/** Whether a program has a text in one of its strings: the name of a package, or of a language. */
import { readFileSync } from 'node:fs'

const LONGEST_CONTEXT = 40

export class StringTexts {
  readonly #files: readonly string[]
  #sources: readonly string[] | undefined

  /** `files` are read when they are first needed. */
  constructor(files: readonly string[]) {
    this.#files = files
  }

  /** True also where a path begins with it: for `pino`, `'pino/file'` is such a text. That of an import is none. */
  has(text: string): boolean {
    return this.#contexts(text).some((before) => !IMPORTING.test(before))
  }

  /** Whether it is what something is called with that seems to load what it is given: `tryRequire('pg')`. */
  isLoaded(text: string): boolean {
    return this.#contexts(text).some((before) => LOADING.test(before) && !IMPORTING.test(before))
  }

  /** What precedes it, wherever it is. */
  #contexts(text: string): string[] {
    this.#sources ??= this.#files.map(readIfAny)
    return this.#sources.flatMap((source) => contextsOf(source, text))
  }
}

function readIfAny(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // A plugin's module.
  }
}

/** What precedes the name of a module that a bundler sees. */
const IMPORTING = /(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*["'`]$/
const LOADING = /\w*(?:load|require|import|resolve)\w*\)?\(\s*["'`]$/i

function contextsOf(source: string, text: string): string[] {
  const found: string[] = []
  for (let at = source.indexOf(text); at !== -1; at = source.indexOf(text, at + 1)) {
    const before = source.slice(Math.max(0, at - LONGEST_CONTEXT), at)
    if (/["'`]$/.test(before) && /["'`/]/.test(source[at + text.length] ?? '')) {
      found.push(before)
    }
  }
  return found
}
