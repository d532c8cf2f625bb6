/**
 * Which exports of packages are all of one of their modules: `import * as z from './external.js'; export { z }`.
 *
 * Only modules that package.json tells to have no effects are followed: what leads to them may be left out.
 */
import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Metafile } from 'esbuild'
import { type AnyNode, parseModule } from '../../syntax-tree.ts'
import { readManifest } from '../package-layout.ts'
import { packageFolder } from '../package-of-file.ts'

/** A module without one of these has no such export, and leads to none. */
const HINT = /\*\s*as\b|\bexport\s*\*/

/** How far `export *` is followed. The index of a package is usual, and that of a folder in it; some have a thousand modules behind these. */
const MOST_STARS = 1
const MOST_STEPS = 8

type Inputs = Metafile['inputs']

/** By name, where it leads: to all of a module, or to what that exports by a name. */
interface ExportsOfModule {
  readonly named: ReadonlyMap<string, { readonly from: string; readonly name: string }>
  /** Of `export *`. */
  readonly stars: readonly string[]
}

const ALL = '*'
const NOTHING: ExportsOfModule = { named: new Map(), stars: [] }

export class ExportedNamespaces {
  readonly #project: string
  readonly #modules = new Map<string, Promise<ExportsOfModule>>()

  /** `project` is what paths in metafiles are relative to. */
  constructor(project: string) {
    this.#project = project
  }

  /** Absolute paths of the modules that were looked into. */
  get read(): string[] {
    return [...this.#modules.keys()].map((path) => join(this.#project, path))
  }

  /** The module, as `inputs` name it, that `name` of the module `path` is all of; undefined where it is anything else. */
  find(inputs: Inputs, path: string, name: string): Promise<string | undefined> {
    return this.#find(inputs, { path, name }, MOST_STARS, MOST_STEPS)
  }

  async #find(
    inputs: Inputs,
    { path, name }: { path: string; name: string },
    stars: number,
    steps: number,
  ): Promise<string | undefined> {
    if (steps === 0 || inputs[path]?.format !== 'esm') {
      return undefined
    }
    const exports = await this.#exportsOf(path)
    const named = exports.named.get(name)
    if (named !== undefined) {
      const target = targetOf(inputs, path, named.from)
      if (target === undefined || named.name !== ALL) {
        return target && this.#find(inputs, { path: target, name: named.name }, stars, steps - 1)
      }
      return inputs[target]?.format === 'esm' ? target : undefined
    }
    if (stars === 0 || name === 'default') {
      return undefined
    }
    const found = new Set<string>()
    for (const from of exports.stars) {
      const target = targetOf(inputs, path, from)
      const module = target && (await this.#find(inputs, { path: target, name }, stars - 1, steps - 1))
      if (module !== undefined) {
        found.add(module)
      }
    }
    const [only, another] = found
    return another === undefined ? only : undefined
  }

  #exportsOf(path: string): Promise<ExportsOfModule> {
    const exports = this.#modules.get(path) ?? readExports(join(this.#project, path))
    this.#modules.set(path, exports)
    return exports
  }
}

/** Where an import leads, unless that is out of the bundle. */
export function targetOf(inputs: Inputs, path: string, specifier: string): string | undefined {
  const found = inputs[path]?.imports.find(
    ({ kind, original, external }) => kind === 'import-statement' && original === specifier && !external,
  )
  return found?.path
}

async function readExports(file: string): Promise<ExportsOfModule> {
  const folder = packageFolder(file)
  const text = folder === undefined ? '' : await readFile(file, 'utf8').catch(() => '')
  if (folder === undefined || !HINT.test(text) || !(await isFreeOfEffects(file, folder))) {
    return NOTHING
  }
  const statements: AnyNode[] = parseModule(text)?.body ?? []
  const imported = new Map(statements.flatMap(importedNames))
  const named = statements.flatMap((statement) => exportedNames(statement, imported))
  const stars = statements.filter(({ type, exported }) => type === 'ExportAllDeclaration' && !exported)
  return { named: new Map(named), stars: stars.map(({ source }) => source.value) }
}

type Origin = { readonly from: string; readonly name: string }

function importedNames({ type, specifiers, source }: AnyNode): [string, Origin][] {
  if (type !== 'ImportDeclaration') {
    return []
  }
  return specifiers.map(({ type, local, imported }: AnyNode) => {
    const names: Readonly<Record<string, string>> = {
      ImportNamespaceSpecifier: ALL,
      ImportDefaultSpecifier: 'default',
    }
    return [local.name, { from: source.value, name: names[type] ?? nameOf(imported) }]
  })
}

/** What a module exports of itself leads nowhere. */
function exportedNames(statement: AnyNode, imported: ReadonlyMap<string, Origin>): [string, Origin][] {
  const { type, source, specifiers = [], exported, declaration } = statement
  const own: Origin = { from: '', name: '' }
  if (type === 'ExportAllDeclaration' && exported) {
    return [[nameOf(exported), { from: source.value, name: ALL }]]
  }
  if (type === 'ExportDefaultDeclaration') {
    return [['default', imported.get(declaration.name) ?? own]]
  }
  if (type !== 'ExportNamedDeclaration') {
    return []
  }
  const declared: AnyNode[] = declaration?.declarations ?? (declaration ? [declaration] : [])
  return [
    ...declared.map(({ id }): [string, Origin] => [id.name ?? '', own]),
    ...specifiers.map(({ local, exported }: AnyNode): [string, Origin] => [
      nameOf(exported),
      source ? { from: source.value, name: nameOf(local) } : (imported.get(local.name) ?? own),
    ]),
  ]
}

/** `export { z as 'a b' }` has a text. */
function nameOf({ name, value }: AnyNode): string {
  return name ?? value
}

/** As `sideEffects` says. Of patterns it is not known what they mean. */
async function isFreeOfEffects(file: string, folder: string): Promise<boolean> {
  const { sideEffects } = (await readManifest(folder)) as { sideEffects?: unknown }
  const path = relative(folder, file).replaceAll('\\', '/')
  return (
    sideEffects === false ||
    (Array.isArray(sideEffects) &&
      sideEffects.every((each) => typeof each === 'string' && !/[*?{[]/.test(each)) &&
      !sideEffects.some((each) => each.replace(/^\.\//, '') === path))
  )
}
