/**
 * Bundles chunks as ES modules, one after another with one context of esbuild's, which has the modules parsed that the one before had, too:
 * to plan a division takes a dozen of such bundles, and most of each is what was in the last.
 */
import type { BuildContext } from 'esbuild'
import { type Bundled, bundleModule, type ChunkOptions, openModuleBundler } from '../bundle-chunk.ts'
import { type ChunkLinks, linkChunk } from './chunk-links.ts'
import type { Edge } from './module-graph.ts'

/** To be closed. */
export class ModuleBundles {
  readonly #options: ChunkOptions
  readonly #edges: readonly Edge[]
  /** Of the chunk that is being bundled. */
  #links: ChunkLinks | undefined
  #context: Promise<BuildContext> | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** `edges`: those that may lead out of one of the chunks. */
  constructor(options: ChunkOptions, edges: readonly Edge[]) {
    this.#options = options
    this.#edges = edges
  }

  /** Rejects as esbuild does. */
  bundle(links: ChunkLinks): Promise<Bundled> {
    // An author's plugin may not be made for being asked more than once.
    if ((this.#options.author.plugins ?? []).length > 0) {
      return bundleModule({ ...this.#options, plugins: [linkChunk(this.#edges, () => links)] })
    }
    const bundled = this.#last.then(() => this.#rebuild(links))
    this.#last = bundled.catch(() => {})
    return bundled
  }

  async close(): Promise<void> {
    await this.#last
    await (await this.#context?.catch(() => undefined))?.dispose()
  }

  async #rebuild(links: ChunkLinks): Promise<Bundled> {
    this.#links = links
    this.#context ??= openModuleBundler({
      ...this.#options,
      plugins: [linkChunk(this.#edges, () => this.#links ?? links)],
    })
    return (await (await this.#context).rebuild()) as Bundled
  }
}
