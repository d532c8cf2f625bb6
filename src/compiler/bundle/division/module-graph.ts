/** Which module of a function imports which, as esbuild's metafile tells it. */
import type { Metafile } from 'esbuild'

export type EdgeKind = 'import-statement' | 'require-call' | 'dynamic-import'

export interface Edge {
  readonly from: string
  readonly to: string
  readonly kind: EdgeKind
  /** How the source names it. */
  readonly specifier: string
}

export interface ModuleGraph {
  /** Paths of all modules, relative to the project, in their order. */
  readonly modules: readonly string[]
  readonly edges: readonly Edge[]
  /** Those that are ES modules; all others can be had by `require` only: CommonJS, JSON. */
  readonly esModules: ReadonlySet<string>
  /** The attributes that a module is imported with, as JSON: `{"type":"json"}`. */
  readonly attributes: ReadonlyMap<string, string>
}

/** Undefined where a path stands for two modules, one with import attributes and one without. */
export function readModuleGraph({ inputs }: Metafile): ModuleGraph | undefined {
  const modules = Object.keys(inputs).sort()
  const attributes = new Map<string, string>()
  const edges: Edge[] = []
  for (const from of modules) {
    for (const { path: to, kind, original, external, with: given } of inputs[from]?.imports ?? []) {
      if (external || original === undefined || !isEdgeKind(kind)) {
        continue
      }
      const own = given === undefined ? '' : JSON.stringify(given)
      if ((attributes.get(to) ?? own) !== own) {
        return undefined
      }
      attributes.set(to, own)
      edges.push({ from, to, kind, specifier: original })
    }
  }
  const esModules = new Set(modules.filter((path) => inputs[path]?.format === 'esm'))
  return { modules, edges, esModules, attributes }
}

function isEdgeKind(kind: string): kind is EdgeKind {
  return kind === 'import-statement' || kind === 'require-call' || kind === 'dynamic-import'
}

/**
 * The ES modules that have been evaluated once the ES module `entry` has: it needs them, and no `require` comes in
 * between.
 */
export function evaluatedWith(graph: ModuleGraph, entry: string): Set<string> {
  const statements = graph.edges.filter(({ kind }) => kind === 'import-statement')
  const others = new Set(graph.modules.filter((path) => !graph.esModules.has(path)))
  return staticClosures({ ...graph, edges: statements }, [entry], others).get(entry) ?? new Set()
}

/** For each of `roots`, what it needs without an `import()`, itself included, but for what `stop` has. */
export function staticClosures(
  { edges }: ModuleGraph,
  roots: readonly string[],
  stop: ReadonlySet<string>,
): Map<string, Set<string>> {
  const needs = new Map<string, string[]>()
  for (const { from, to, kind } of edges) {
    if (kind !== 'dynamic-import') {
      needs.set(from, [...(needs.get(from) ?? []), to])
    }
  }
  return new Map(
    roots.map((root) => {
      const closure = new Set<string>()
      const pending = [root]
      for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
        if (!closure.has(path) && !stop.has(path)) {
          closure.add(path)
          pending.push(...(needs.get(path) ?? []))
        }
      }
      return [root, closure]
    }),
  )
}
