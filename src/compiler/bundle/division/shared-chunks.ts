/**
 * Has functions that one process builds share what they load late: the chunks behind an `import()` of an SDK's are the same in each function
 * that uses it, and are bundled for the first one.
 *
 * They are told to be the same by all that esbuild makes them of: the modules that the chunk can reach, their text and where their imports
 * lead, what it exposes, its links and the options.
 */
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { digestOf } from '../../cache/build-cache.ts'
import type { ChunkOptions } from '../bundle-chunk.ts'
import { type Division, type Exposed, linksOf, modulePath } from './chunk-links.ts'
import type { ModuleInputs } from './module-inputs.ts'

/** What was made last, by what it is made of. */
const made = new Map<string, Promise<unknown>>()
/** A function of the AWS SDK has nine: bundles of a plan, and the chunks. */
const MOST_MADE = 24

export class SharedChunks {
  readonly #options: ChunkOptions
  readonly #inputs: Metafile['inputs']
  readonly #files: ModuleInputs

  /** `metafile`: of the whole function; `files`: of its modules. */
  constructor(options: ChunkOptions, { inputs }: Metafile, files: ModuleInputs) {
    this.#options = options
    this.#inputs = inputs
    this.#files = files
  }

  /** A name for what the chunk `number`, not the entry's, is made of. */
  async nameOf(division: Division, number: number, exposed: Exposed): Promise<string> {
    const { entry: _, plugins: __, sdkModules: ___, packages, ...options } = this.#options
    const { graph, resident, chunkOf } = division
    const links = new Map(linksOf(division, number).map((link) => [keyOf(link.from, link), link.to]))
    const reached = this.#reach(
      [...exposed.keys()].map((name) => modulePath(graph, name)),
      links,
    )
    const modules = reached.map((path) => {
      const imports = (this.#inputs[path]?.imports ?? []).map((each) => {
        const to = links.get(keyOf(path, { ...each, specifier: each.original ?? '' }))
        const link = to === undefined ? null : [resident.has(to) ? 0 : (chunkOf.get(to) ?? 'new'), to]
        return [
          each,
          link && [...link, graph.modules.indexOf(to as string), graph.esModules.has(to as string)],
        ]
      })
      return [path, this.#inputs[path]?.format ?? null, graph.attributes.get(path) ?? null, imports]
    })
    const exports = [...exposed]
      .sort()
      .map(([name, names]) => [name, modulePath(graph, name), [...names].sort()])
    const { reimported, ...plan } = packages.plan
    const texts = reached.map((path) => reimported.get(join(options.project, path))?.text)
    return digestOf([
      JSON.stringify([options, plan, texts, process.env.NODE_PATH ?? null], asJson),
      JSON.stringify([number, exports, modules]),
      ...(await this.#files.of(reached)),
    ])
  }

  /** What `make` resolves to, or has for the same `name`. Rejects as it does. */
  static once<Result>(name: string, make: () => Promise<Result>): Promise<Result> {
    const known = made.get(name) as Promise<Result> | undefined
    const result = known ?? make()
    // Last in the order of the map: the first are the ones that go.
    made.delete(name)
    made.set(name, result)
    if (known === undefined) {
      result.catch(() => made.delete(name))
    }
    for (const oldest of [...made.keys()].slice(0, -MOST_MADE)) {
      made.delete(oldest)
    }
    return result
  }

  /** The modules that are in the chunk, or would be if all of them were used. */
  #reach(roots: readonly string[], links: ReadonlyMap<string, string>): string[] {
    const reached = new Set<string>()
    const pending = [...roots]
    for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
      if (!reached.has(path)) {
        reached.add(path)
        for (const each of this.#inputs[path]?.imports ?? []) {
          if (!each.external && !links.has(keyOf(path, { ...each, specifier: each.original ?? '' }))) {
            pending.push(each.path)
          }
        }
      }
    }
    return [...reached].sort()
  }
}

function keyOf(from: string, { kind, specifier }: { kind: string; specifier: string }): string {
  return `${kind}\0${specifier}\0${from}`
}

/** Maps and sets, too. */
export function asJson(_key: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...value] : value
}
