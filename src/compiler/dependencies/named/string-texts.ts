/** Whether a program has a text in one of its strings: the name of a package, or of a language. */
import { readFileSync } from 'node:fs'

const LONGEST_CONTEXT = 40
const LONGEST_NAME = 200

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
    return this.#read().some((source) =>
      placesOf(source, text).some((at) => {
        const before = source.slice(Math.max(0, at - LONGEST_CONTEXT), at)
        const after = source.slice(at + text.length, at + text.length + LONGEST_CONTEXT)
        const isGiven = LOADING.test(before) && !IMPORTING.test(before) && /^["'`/]/.test(after)
        return isGiven && !OF_A_PROJECT.test(after)
      }),
    )
  }

  /** Whether a name is computed that may be it, by how plugins are called: `'puppeteer-extra-plugin-' + name`. */
  beginsComputedName(name: string): boolean {
    // One word, `node-`, may begin anything.
    const beginnings = [...name.matchAll(/-/g)]
      .map(({ index }) => name.slice(0, index + 1))
      .filter((beginning) => /[-/].*-$/.test(beginning))
    return this.#read().some((source) =>
      beginnings.some((beginning) =>
        placesOf(source, beginning).some((at) =>
          /^(?:["'`]|\$\{)/.test(source.slice(at + beginning.length, at + beginning.length + 2)),
        ),
      ),
    )
  }

  /** Whether it is what a file's name ends with: `ejs`, for `'page.ejs'`, by which a view engine is found. */
  endsFileName(text: string): boolean {
    const ending = `.${text}`
    return this.#read().some((source) =>
      placesIn(source, ending).some(
        (at) => /\w/.test(source[at - 1] ?? '') && /["'`]/.test(source[at + ending.length] ?? ''),
      ),
    )
  }

  /** Whether a path is computed that begins with it: `` `dayjs/locale/${name}.js` ``, `'dayjs/locale/' + name`. */
  beginsComputedPath(text: string): boolean {
    return this.#read().some((source) =>
      placesOf(source, text).some((at) => isComputed(source, at - 1, at + text.length)),
    )
  }

  /** The strings that are paths in a package, but those of imports: `'words/en.json'`, for `words`. */
  pathsIn(name: string): string[] {
    return this.#read().flatMap((source) =>
      placesOf(source, `${name}/`)
        .filter((at) => !IMPORTING.test(source.slice(Math.max(0, at - LONGEST_CONTEXT), at)))
        .flatMap((at) => /^[\w@./-]+(?=["'`])/.exec(source.slice(at, at + LONGEST_NAME)) ?? []),
    )
  }

  /** What precedes it, wherever it is. */
  #contexts(text: string): string[] {
    return this.#read().flatMap((source) => contextsOf(source, text))
  }

  #read(): readonly string[] {
    this.#sources ??= this.#files.map(readIfAny)
    return this.#sources
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
/** Whether a project that is developed has a package, and which: `resolve('typescript/package.json', { paths: [root] })`. */
const OF_A_PROJECT = /^\/package\.json["'`]\s*,\s*\{\s*paths\b/
const LOADING = /\w*(?:load|require|import|resolve)\w*\)?\(\s*["'`]$/i

function contextsOf(source: string, text: string): string[] {
  return placesOf(source, text)
    .filter((at) => /["'`/]/.test(source[at + text.length] ?? ''))
    .map((at) => source.slice(Math.max(0, at - LONGEST_CONTEXT), at))
}

/** Where a string begins with it. */
function placesOf(source: string, text: string): number[] {
  return placesIn(source, text).filter((at) => /["'`]/.test(source[at - 1] ?? ''))
}

function placesIn(source: string, text: string): number[] {
  const found: number[] = []
  for (let at = source.indexOf(text); at !== -1; at = source.indexOf(text, at + 1)) {
    found.push(at)
  }
  return found
}

/** Whether the string that begins with the quote at `start`, and has a name up to `end`, is a path that goes on with what is computed. */
function isComputed(source: string, start: number, end: number): boolean {
  const quote = source[start] ?? ''
  const rest = source.slice(end, end + LONGEST_NAME)
  const length = rest.indexOf(quote)
  if (!rest.startsWith('/') || length === -1) {
    return false
  }
  return quote === '`' ? rest.slice(0, length).includes('${') : /^\s*\+/.test(rest.slice(length + 1))
}
