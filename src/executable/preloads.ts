/**
 * What the environment variable NODE_OPTIONS has Node.js load before a program. Of a program that is in its executable,
 * Node.js loads what `--require` names, and neither what `--import` nor what `--loader` does: that is done here.
 */

import { constants, Script } from 'node:vm'

/** Options that name modules, by how they may be written. */
const KINDS: Readonly<Record<string, 'require' | 'import' | 'loader'>> = {
  '-r': 'require',
  '--require': 'require',
  '--import': 'import',
  '--loader': 'loader',
  '--experimental-loader': 'loader',
}

interface Preload {
  readonly kind: 'require' | 'import' | 'loader'
  readonly specifier: string
}

export class Preloads {
  readonly #preloads: readonly Preload[]

  private constructor(preloads: readonly Preload[]) {
    this.#preloads = preloads
  }

  /** Undefined when there are none. */
  static in(nodeOptions: string | undefined): Preloads | undefined {
    // Most have no such variable, and nobody else needs the rest of this.
    const preloads = nodeOptions ? readPreloads(nodeOptions) : []
    return preloads.length > 0 ? new Preloads(preloads) : undefined
  }

  /** Loads what Node.js does not; undefined when there is nothing to wait for. Rejects with what a module throws. */
  load(): Promise<void> | undefined {
    const rest = this.#preloads.filter(({ kind }) => kind !== 'require')
    return rest.length > 0 ? loadAll(rest) : undefined
  }
}

/** As Node.js does it: loaders first, and all names start from the working directory. */
async function loadAll(preloads: readonly Preload[]): Promise<void> {
  const folder = process.cwd()
  const specifiers = (wanted: Preload['kind']) =>
    preloads.filter(({ kind }) => kind === wanted).map(({ specifier }) => specifier)
  for (const specifier of specifiers('loader')) {
    const { pathToFileURL } = process.getBuiltinModule('node:url')
    process.getBuiltinModule('node:module').register(specifier, pathToFileURL(`${folder}/`))
  }
  const load = new Script('(specifier) => import(specifier)', {
    filename: `${folder}/[preloads]`,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }).runInThisContext()
  for (const specifier of specifiers('import')) {
    await load(specifier)
  }
}

function readPreloads(nodeOptions: string): Preload[] {
  const words = splitWords(nodeOptions)
  return words.flatMap((word, index) => {
    const [, name = '', value] = /^(--?[^=]*)(?:=(.*))?$/s.exec(word) ?? []
    const kind = KINDS[name.replaceAll('_', '-')]
    const specifier = value ?? words[index + 1]
    return kind === undefined || specifier === undefined ? [] : [{ kind, specifier }]
  })
}

/** As Node.js divides the variable: at blanks, unless they are between double quotes; there, a backslash quotes the next. */
function splitWords(nodeOptions: string): string[] {
  const words = nodeOptions.match(/(?:[^ "]|"(?:[^"\\]|\\.)*")+/gs) ?? []
  return words.map((word) =>
    word.replace(/"((?:[^"\\]|\\.)*)"/gs, (_, quoted: string) => quoted.replace(/\\(.)/gs, '$1')),
  )
}
