/**
 * What an author's own module names by a path of its own, `new URL('./resize.ts', import.meta.url)` or `join(__dirname,
 * 'page.html')`, when the module itself is in a bundle.
 *
 * A module that it starts a worker or a child from becomes a program of its own, which is shipped beside the executable. A file
 * that it reads is where `--include` puts it. The path is written anew for either; what cannot be told stays as it is.
 *
 * What it loads by a name that only shows when it runs, `require(name)`, is told of, so that the build can say so.
 */
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { dirname, extname, join, relative, resolve, sep } from 'node:path'
import { getLineInfo } from 'acorn'
import { transform, transformSync } from 'esbuild'
import { withDecoratorMetadata } from '../bundle/decorator-metadata.ts'
import { withoutIdleNames } from '../bundle/kept-names.ts'
import { type AnyNode, parseModule, type Span } from '../syntax-tree.ts'
import { edited } from './located-module.ts'
import { findModuleFacts, type ModuleFacts, mayHaveFacts } from './module-facts.ts'
import { findPackageJson } from './nearest-manifest.ts'
import { findAbsentNames, mayAskForNames, withoutNames } from './own/absent-names.ts'
import { emptyExports, mayHaveEmptyExports } from './own/empty-exports.ts'
import { isFile, type OwnPath, OwnPaths } from './own/own-paths.ts'
import { findWorkingFolderPaths, mayReadWorkingFolder } from './own/working-folder.ts'
import { type Edit, requireEdits, requiresOfOthers } from './requires/made-requires.ts'
import type { SourceOptions } from './source-options.ts'

export interface OwnModule {
  /** What is to be bundled in the place of it, as JavaScript; undefined where that is the module itself. */
  readonly contents: string | undefined
  readonly workers: readonly OwnWorker[]
  /** Absolute paths of the files and folders that it reads. */
  readonly reads: readonly string[]
  /** Absolute paths of what it names by a path of its own, whether it is there or not, and of what that may be compiled from. */
  readonly lookedFor: readonly string[]
  /** What it has Node.js look for by a name that is written out: what is found has to be a file. */
  readonly resolved: readonly string[]
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
export async function surveyOwnModule(
  file: string,
  root: string,
  author: SourceOptions = {},
): Promise<OwnModule> {
  const plain: OwnModule = {
    contents: undefined,
    workers: [],
    reads: [],
    lookedFor: [],
    resolved: [],
    loads: [],
  }
  // One that is no file is a plugin's.
  const text = /\.[cm]?[jt]sx?$/.test(file) && existsSync(file) ? await readFile(file, 'utf8') : ''
  const isBoth = mayHaveEmptyExports(file, text) && (await findPackageJson(file))?.type !== 'module'
  if (!isBoth && !mayHaveFacts(text) && !mayAskForNames(text) && !mayReadWorkingFolder(text)) {
    return plain
  }
  const source = await withDecoratorMetadata(file, text, author)
  const { code: named, map } = await transform(source.code, {
    ...jsxOptions(author),
    loader: source.loader,
    sourcefile: file,
    sourcemap: 'both',
    target: 'esnext',
    // Where a class or a function within another has the name of something around it, esbuild gives it another.
    keepNames: true,
    tsconfigRaw: { compilerOptions: source.settings ?? {} },
  }).catch(() => ({ code: '', map: '' })) // The bundler says what is wrong with it.
  const code = withoutIdleNames(named)
  const program = parseModule(code)
  if (program === undefined) {
    return plain
  }
  const paths = new OwnPaths(file)
  paths.visit(program)
  const placeText = placeTextIn(program, code)
  const runsModules = RUNS_MODULES.test(code)
  const lookedFor = paths.found.map(({ target }) => target)
  const edits: Edit[] = []
  const workers: OwnWorker[] = []
  const reads: string[] = []
  for (const { target, kind, reads: there, ...span } of paths.found) {
    const worker = runsModules && there === undefined ? moduleAt(target) : undefined
    if (worker !== undefined) {
      const path = workerPath(worker, root)
      workers.push({ file: worker, path })
      edits.push({ ...span, text: placeText(path, kind) })
    } else if (existsSync(target) && isInside(there ?? target, root)) {
      const read = resolve(there ?? target)
      // What is around the module, and so all of the sources, is only where others are told from.
      if (!file.startsWith(read + sep)) {
        reads.push(read)
      }
      if (span.end > span.start) {
        edits.push({ ...span, text: placeText(placeOf(target, root), kind) })
      }
    }
  }
  const fromRoot = findWorkingFolderPaths(program).map((path) => join(root, path))
  lookedFor.push(...fromRoot)
  reads.push(
    ...fromRoot.filter((path) => existsSync(path) && isInside(path, root) && !file.startsWith(path + sep)),
  )
  const facts = findModuleFacts(
    code,
    requiresOfOthers((specifier) => javaScriptOf(moduleAt(join(dirname(file), specifier)))),
  )
  // `createRequire(import.meta.url)`: what it loads by a name that is written out is bundled.
  edits.push(...(facts?.madeRequires ?? []).flatMap(requireEdits))
  if (isBoth) {
    edits.push(...emptyExports(program).map((span) => ({ start: span.start, end: span.end, text: '' })))
  }
  const loads = facts === undefined ? [] : linesOf(loadsOf(facts), code, new SourceMap(JSON.parse(map)))
  const ending = withoutNames(await findAbsentNames(file, code))
  const contents = edits.length === 0 && ending === '' ? undefined : edited(code, edits) + ending
  return { contents, workers, reads, lookedFor, resolved: paths.resolved, loads }
}

/** What esbuild makes of JSX where it is told so by options of its own. */
function jsxOptions({
  jsx,
  jsxFactory,
  jsxFragment,
  jsxImportSource,
  jsxDev,
  jsxSideEffects,
}: SourceOptions) {
  const all = { jsx, jsxFactory, jsxFragment, jsxImportSource, jsxDev, jsxSideEffects }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
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

/** What stands for a path in the package; `import.meta` would make an ES module of what is none. */
function placeTextIn(program: AnyNode, code: string): (path: string, kind: OwnPath['kind']) => string {
  const isModule =
    /\bimport\.meta\b/.test(code) ||
    program.body.some(({ type }: AnyNode) => /^(?:Import|Export\w+)Declaration$/.test(type))
  const folder = isModule ? 'import.meta.dirname' : '__dirname'
  return (path, kind) => {
    const url = `new URL(${JSON.stringify(`./${encodeURI(path)}`)}, import.meta.url)`
    const texts = {
      path: `(${folder} + ${JSON.stringify(path === '' ? '' : `/${path}`)})`,
      url,
      href: `${url}.href`,
    }
    return texts[kind]
  }
}

/** With the slash that `target` ends with. */
function placeOf(target: string, root: string): string {
  const path = slashed(relative(root, target))
  return path !== '' && target.endsWith('/') ? `${path}/` : path
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
  return (resolve(path) === root || path.startsWith(root + sep)) && !path.includes(`${sep}node_modules${sep}`)
}

/** The source of a module that may be named as what it is compiled to. */
function moduleAt(path: string): string | undefined {
  const ending = extname(path)
  const stem = path.slice(0, path.length - ending.length)
  const kind = /^\.([cm]?)[jt]sx?$/.exec(ending)?.[1]
  const candidates = kind === undefined ? [] : [path, `${stem}.${kind}ts`, `${stem}.${kind}js`, `${stem}.tsx`]
  return candidates.find(isFile)
}
