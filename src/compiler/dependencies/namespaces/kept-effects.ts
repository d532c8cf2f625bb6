/**
 * Modules that hand on what others have and do something besides, in packages that say of themselves that they do nothing: zod's
 * `external.js` gives itself its messages, `config(en())`, until 4.6.
 *
 * Node.js runs all that is imported. esbuild takes such a package at its word (`sideEffects: false`), and where nothing is used of a module
 * but what it hands on, it leaves its statements out: each of zod's messages was `Invalid input`. So these modules, and those that lead to them, are told
 * to esbuild as what they are. What else they hand on may still be left out.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'
import { escaped } from '../../escaped-pattern.ts'
import { type AnyNode, parseModule } from '../../syntax-tree.ts'
import { liveModules } from '../live-modules.ts'
import { packageFolder } from '../package-of-file.ts'

/** How far `export *` is followed. */
const MOST_STEPS = 4
/** Of which esbuild may leave the rest out. Names that are handed on one by one lead to too much: the whole of lodash is behind one of its own. */
const HANDS_ON = /\bexport\s*\*\s*from\b/
/** A statement that begins a line by a call, or imports nothing. Nothing else is parsed. */
const HINT = /^(?:(?!(?:im|ex)port\b|function\b|class\b|async\b|super\b)[\w$][\w$.]*\s*\(|import\s*["'])/m

type Inputs = Metafile['inputs']

export interface ModulesWithEffects {
  /** Absolute paths. */
  readonly files: ReadonlySet<string>
  /** How they are imported, as it is written. */
  readonly specifiers: ReadonlySet<string>
}

export class KeptEffects {
  readonly #files = new Set<string>()
  readonly #specifiers = new Set<string>()
  readonly #project: string
  /** By path, what was read. */
  readonly #modules = new Map<string, Promise<ReadModule>>()

  /** `project` is what paths in metafiles are relative to. */
  constructor(project: string) {
    this.#project = project
  }

  get found(): ModulesWithEffects {
    return { files: new Set(this.#files), specifiers: new Set(this.#specifiers) }
  }

  async learn(metafiles: readonly Metafile[]): Promise<void> {
    const inputs: Inputs = Object.assign({}, ...metafiles.map((each) => each.inputs))
    const live = new Set(metafiles.flatMap((each) => [...liveModules(each)]))
    for (const path of live) {
      for (const { kind, original, path: target, external } of inputs[path]?.imports ?? []) {
        const isDropped = !external && kind === 'import-statement' && !live.has(target)
        if (isDropped && original !== undefined && (await this.#follow(inputs, target, MOST_STEPS))) {
          this.#specifiers.add(original)
        }
      }
    }
  }

  /** Whether the module is kept: it does something, or hands on all of one that does. */
  async #follow(inputs: Inputs, path: string, steps: number): Promise<boolean> {
    const file = join(this.#project, path)
    const input = inputs[path]
    if (steps === 0 || input?.format !== 'esm' || packageFolder(file) === undefined) {
      return false
    }
    const read = this.#modules.get(path) ?? readModule(file)
    this.#modules.set(path, read)
    const { stars, hasEffects } = await read
    let isKept = hasEffects
    for (const { original, path: target, external } of input.imports) {
      const isStar = !external && original !== undefined && stars.includes(original)
      if (isStar && (await this.#follow(inputs, target, steps - 1))) {
        this.#specifiers.add(original)
        isKept = true
      }
    }
    if (isKept) {
      this.#files.add(file)
    }
    return isKept
  }
}

interface ReadModule {
  /** Of `export *`, as it is written. */
  readonly stars: readonly string[]
  readonly hasEffects: boolean
}

async function readModule(file: string): Promise<ReadModule> {
  const text = await readFile(file, 'utf8').catch(() => '')
  if (!HANDS_ON.test(text)) {
    return { stars: [], hasEffects: false }
  }
  const statements: AnyNode[] = parseModule(text)?.body ?? []
  return {
    stars: statements
      .filter(({ type, exported }) => type === 'ExportAllDeclaration' && !exported)
      .map(({ source }) => source.value),
    hasEffects: HINT.test(text) && statements.some(isEffect),
  }
}

function isEffect({ type, specifiers, expression }: AnyNode): boolean {
  return type === 'ImportDeclaration'
    ? specifiers.length === 0
    : type === 'ExpressionStatement' && /^(?:Call|Await)Expression$/.test(expression.type)
}

/** Has esbuild keep what they do, whoever imports them. */
export function keepEffects({ files, specifiers }: ModulesWithEffects): Plugin {
  return {
    name: 'kept-effects',
    setup: (build) => {
      const filter = new RegExp(`^(?:${[...specifiers].map(escaped).join('|')})$`)
      build.onResolve({ filter }, async ({ path, pluginData, ...options }) => {
        if (pluginData === keepEffects) {
          return undefined
        }
        const { errors, suffix, ...found } = await build.resolve(path, {
          ...options,
          pluginData: keepEffects,
        })
        return errors.length > 0 || !files.has(found.path)
          ? undefined
          : { ...found, suffix, sideEffects: true }
      })
    },
  }
}
