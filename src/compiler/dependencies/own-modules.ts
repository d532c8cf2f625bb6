/**
 * What an author's own module names by a path of its own, `new URL('./resize.ts', import.meta.url)` or `join(__dirname,
 * 'page.html')`, when the module itself is in a bundle.
 *
 * A module that it starts a worker or a child from becomes a program of its own, which is shipped beside the executable. A file
 * that it reads is where `--include` puts it. The path is written anew for either; what cannot be told stays as it is.
 *
 * What it loads by a name that only shows when it runs, `require(name)`, is told of, so that the build can say so.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { getLineInfo } from 'acorn'
import { transform, transformSync } from 'esbuild'
import { withDecoratorMetadata } from '../bundle/decorator-metadata.ts'
import { type AnyNode, childrenOf, parseModule, type Span } from '../syntax-tree.ts'
import { edited } from './located-module.ts'
import { findModuleFacts, type ModuleFacts, mayHaveFacts } from './module-facts.ts'
import { type Edit, requireEdits, requiresOfOthers } from './requires/made-requires.ts'

export interface OwnModule {
  /** What is to be bundled in the place of it, as JavaScript; undefined where that is the module itself. */
  readonly contents: string | undefined
  readonly workers: readonly OwnWorker[]
  /** Absolute paths of the files and folders that it reads. */
  readonly reads: readonly string[]
  /** Absolute paths of what it names by a path of its own, whether it is there or not, and of what that may be compiled from. */
  readonly lookedFor: readonly string[]
  /** Lines of its source, from 1, that load a module by a name that only shows when they run. */
  readonly loads: readonly number[]
}

export interface OwnWorker {
  /** Absolute path of its source. */
  readonly file: string
  /** Where it is in the package. */
  readonly path: string
}

/** What a module can be run with in a thread or a process of its own. */
const RUNS_MODULES = /\b(?:Worker|fork|spawn|execFile|Piscina|Tinypool|workerpool|StaticPool|DynamicPool)\b/

/** `root` is the folder that the package's root stands for. */
export async function surveyOwnModule(file: string, root: string): Promise<OwnModule> {
  const plain: OwnModule = { contents: undefined, workers: [], reads: [], lookedFor: [], loads: [] }
  // One that is no file is a plugin's.
  const text = /\.[cm]?[jt]sx?$/.test(file) && existsSync(file) ? await readFile(file, 'utf8') : ''
  if (!mayHaveFacts(text)) {
    return plain
  }
  const source = await withDecoratorMetadata(file, text)
  const { code, map } = await transform(source.code, {
    loader: source.loader,
    sourcefile: file,
    sourcemap: 'both',
    target: 'esnext',
    tsconfigRaw: { compilerOptions: source.settings ?? {} },
  }).catch(() => ({ code: '', map: '' })) // The bundler says what is wrong with it.
  const program = parseModule(code)
  if (program === undefined) {
    return plain
  }
  const paths = new OwnPaths(dirname(file))
  paths.visit(program)
  const runsModules = RUNS_MODULES.test(code)
  const lookedFor = paths.found.map(({ target }) => target)
  const edits: Edit[] = []
  const workers: OwnWorker[] = []
  const reads: string[] = []
  for (const { target, isUrl, ...span } of paths.found) {
    const worker = runsModules ? moduleAt(target) : undefined
    if (worker !== undefined) {
      const path = workerPath(worker, root)
      workers.push({ file: worker, path })
      edits.push({ ...span, text: placeText(path, isUrl) })
    } else if (existsSync(target) && isInside(target, root)) {
      reads.push(target)
      edits.push({ ...span, text: placeText(slashed(relative(root, target)), isUrl) })
    }
  }
  const facts = findModuleFacts(
    code,
    requiresOfOthers((specifier) => javaScriptOf(moduleAt(join(dirname(file), specifier)))),
  )
  // `createRequire(import.meta.url)`: what it loads by a name that is written out is bundled.
  edits.push(...(facts?.madeRequires ?? []).flatMap(requireEdits))
  const loads = facts === undefined ? [] : linesOf(loadsOf(facts), code, new SourceMap(JSON.parse(map)))
  const contents = edits.length === 0 ? undefined : edited(code, edits)
  return { contents, workers, reads, lookedFor, loads }
}

/** What a plan of packages has of modules, by absolute path. */
export function planOwnModules(modules: ReadonlyMap<string, OwnModule>) {
  const own = [...modules]
  const workers = own.flatMap(([, module]) => module.workers)
  return {
    rewritten: new Map(
      own.flatMap(([file, { contents }]) => (contents === undefined ? [] : [[file, contents] as const])),
    ),
    workers: [...new Map(workers.map((worker) => [worker.path, worker])).values()],
    reads: [...new Set(own.flatMap(([, { reads }]) => reads))],
    lookedFor: [...new Set(own.flatMap(([, { lookedFor }]) => lookedFor))],
  }
}

function loadsOf({ loads, madeRequires }: ModuleFacts): Span[] {
  return [...loads, ...madeRequires.flatMap(({ computed }) => computed)]
}

/** The lines, from 1, of the source that `map` leads to, in order. */
function linesOf(spans: readonly Span[], code: string, map: SourceMap): number[] {
  const lines = spans.map(({ start }) => {
    const { line, column } = getLineInfo(code, start)
    const origin = map.findEntry(line - 1, column)
    return 'originalLine' in origin ? origin.originalLine + 1 : line
  })
  return [...new Set(lines)].sort((left, right) => left - right)
}

function placeText(path: string, isUrl: boolean): string {
  return isUrl
    ? `new URL(${JSON.stringify(`./${encodeURI(path)}`)}, import.meta.url)`
    : `(import.meta.dirname + ${JSON.stringify(`/${path}`)})`
}

/** Beside the executable, for its packages to be found. */
function workerPath(file: string, root: string): string {
  const path = slashed(relative(root, file)).replace(/\.\w+$/, '')
  return `worker-${path.replace(/[^\w.]+/g, '-').replace(/^-/, '')}.mjs`
}

function slashed(path: string): string {
  return path.split(sep).join('/')
}

function javaScriptOf(file: string | undefined): string | undefined {
  try {
    return (
      file &&
      transformSync(readFileSync(file, 'utf8'), { loader: /x$/.test(file) ? 'tsx' : 'ts', target: 'esnext' })
        .code
    )
  } catch {
    return undefined // The bundler says what is wrong with it.
  }
}

function isInside(path: string, root: string): boolean {
  return path.startsWith(root + sep) && !path.includes(`${sep}node_modules${sep}`)
}

/** The source of a module that may be named as what it is compiled to. */
function moduleAt(path: string): string | undefined {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  const kind = /^\.([cm]?)[jt]sx?$/.exec(ending)?.[1]
  const candidates = kind === undefined ? [] : [path, `${stem}.${kind}ts`, `${stem}.${kind}js`, `${stem}.tsx`]
  return candidates.find((candidate) => existsSync(candidate) && statSync(candidate).isFile())
}

interface OwnPath extends Span {
  /** Absolute. */
  readonly target: string
  readonly isUrl: boolean
}

/** The expressions of a module whose value is a path that begins at its own. */
class OwnPaths {
  /** In order. */
  readonly found: OwnPath[] = []
  readonly #folder: string
  /** Variables that hold the module's folder. */
  readonly #folders = new Set(['__dirname'])

  constructor(folder: string) {
    this.#folder = folder
  }

  visit(node: AnyNode): void {
    if (node.type === 'VariableDeclarator' && node.init && this.#isFolder(node.init)) {
      this.#folders.add(node.id.name)
    }
    const found = this.#readUrl(node) ?? this.#readJoin(node) ?? this.#readSum(node)
    if (found !== undefined) {
      this.found.push({ start: node.start, end: node.end, ...found })
      return
    }
    for (const child of childrenOf(node)) {
      this.visit(child)
    }
  }

  /** `new URL('./a.ts', import.meta.url)`. */
  #readUrl(node: AnyNode): Omit<OwnPath, keyof Span> | undefined {
    if (node.type !== 'NewExpression' || node.callee.name !== 'URL' || !isMeta(node.arguments[1], 'url')) {
      return undefined
    }
    const path = textOf(node.arguments[0])
    const isPath = path !== undefined && !/^[a-z]+:|^\//i.test(path)
    return isPath ? { target: resolve(this.#folder, decodeURI(path)), isUrl: true } : undefined
  }

  /** `join(__dirname, 'a.html')`. */
  #readJoin(node: AnyNode): Omit<OwnPath, keyof Span> | undefined {
    const name = node.type === 'CallExpression' && (node.callee.property?.name ?? node.callee.name)
    const [folder, ...rest] = name === 'join' || name === 'resolve' ? node.arguments : []
    const words = rest.map(textOf)
    const isPath = folder !== undefined && this.#isFolder(folder) && words.length > 0
    return isPath && words.every((word: unknown) => typeof word === 'string')
      ? { target: join(this.#folder, ...(words as string[])), isUrl: false }
      : undefined
  }

  /** `__dirname + '/a.html'`, and the same as a template. */
  #readSum(node: AnyNode): Omit<OwnPath, keyof Span> | undefined {
    const [folder, path]: [AnyNode?, (string | undefined)?] =
      node.type === 'BinaryExpression' && node.operator === '+'
        ? [node.left, textOf(node.right)]
        : node.type === 'TemplateLiteral' &&
            node.expressions.length === 1 &&
            node.quasis[0].value.cooked === ''
          ? [node.expressions[0], node.quasis[1].value.cooked as string]
          : []
    return folder !== undefined && path?.startsWith('/') && this.#isFolder(folder)
      ? { target: join(this.#folder, path), isUrl: false }
      : undefined
  }

  /** `__dirname`, `import.meta.dirname`, `dirname(fileURLToPath(import.meta.url))`. */
  #isFolder(node: AnyNode): boolean {
    if (node.type === 'Identifier') {
      return this.#folders.has(node.name)
    }
    const name = node.type === 'CallExpression' && (node.callee.property?.name ?? node.callee.name)
    return isMeta(node, 'dirname') || (name === 'dirname' && isOwnFile(node.arguments[0]))
  }
}

function isOwnFile(node: AnyNode | undefined): boolean {
  const isConverted =
    node?.type === 'CallExpression' &&
    (node.callee.property?.name ?? node.callee.name) === 'fileURLToPath' &&
    isMeta(node.arguments[0], 'url')
  return node?.name === '__filename' || isMeta(node, 'filename') || isConverted
}

function isMeta(node: AnyNode | undefined, property: string): boolean {
  return node?.object?.type === 'MetaProperty' && node.property.name === property
}

function textOf(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) {
    return node.quasis[0].value.cooked
  }
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}
