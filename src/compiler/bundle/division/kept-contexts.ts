/**
 * Contexts of esbuild's that are kept from one bundle of an entry's chunk to the next, of this function or another of the command: what
 * esbuild has parsed for one it has for the next. It reads a file again whose time or size has changed.
 */
import { clearTimeout, setTimeout } from 'node:timers'
import { type BuildContext, type BuildOptions, type BuildResult, context } from 'esbuild'
import {
  bundleReimported,
  type Reimported,
  reimportFilter,
} from '../../dependencies/namespaces/reimported-modules.ts'
import type { KnownSdkModules } from '../aws-sdk-modules.ts'
import type { ChunkOptions } from '../bundle-chunk.ts'
import { isBuildFailure } from '../bundle-failure.ts'
import { type ChunkLinks, linkChunk } from './chunk-links.ts'
import type { Edge } from './module-graph.ts'

/** What the plugins of a context ask for, which is another for each bundle. */
interface Current {
  links: ChunkLinks
  readonly sdkModules: KnownSdkModules
  reimported: Reimported
}

interface KeptContext {
  readonly key: string
  readonly current: Current
  readonly context: BuildContext
}

/** Those that nobody uses. */
let idle: KeptContext[] = []
/** Two kinds for each of a few builds at once. */
const MOST_IDLE = 6
/** Milliseconds until they are closed, for a process that lives on: they hold what was parsed. */
const PATIENCE_MS = 3000
let closing: NodeJS.Timeout | undefined

/** Whether all that a context of the options does is told by them: plugins of others may do anything. */
export function mayKeepContexts({ author, packages: { plan } }: ChunkOptions): boolean {
  return (author.plugins ?? []).length + plan.packages.length + plan.located.size + plan.rewritten.size === 0
}

/** What an entry's chunk is bundled with in such a context; `edges` may lead out of it, and `links` tell which do. */
export function inKeptContext(
  options: ChunkOptions,
  edges: readonly Edge[],
  links: ChunkLinks,
): Pick<ChunkOptions, 'plugins' | 'reimports' | 'sdkModules' | 'build'> {
  const { project, packages } = options
  const { absent, reimported } = packages.plan
  const current: Current = { links, sdkModules: new Map(options.sdkModules), reimported }
  const specifiers = [...new Set(edges.map(({ specifier }) => specifier))].sort()
  return {
    plugins: [linkChunk(edges, () => current.links)],
    reimports: bundleReimported(project, () => current.reimported),
    sdkModules: current.sdkModules,
    build: (built) =>
      buildIn(keyOf(built, [specifiers, absent, reimportFilter(project, reimported)]), built, current),
  }
}

async function buildIn(key: string, options: BuildOptions, current: Current): Promise<BuildResult> {
  const known = idle.find((each) => each.key === key)
  idle = idle.filter((each) => each !== known)
  const kept = known ?? { key, current, context: await context(options) }
  kept.current.links = current.links
  kept.current.reimported = current.reimported
  if (kept.current !== current) {
    kept.current.sdkModules.clear()
    for (const [name, module] of current.sdkModules) {
      kept.current.sdkModules.set(name, module)
    }
  }
  try {
    const built = await kept.context.rebuild()
    keep(kept)
    return built
  } catch (error) {
    // After what is wrong with the code, it is as good as before.
    if (isBuildFailure(error)) {
      keep(kept)
    }
    throw error
  }
}

function keep(kept: KeptContext): void {
  idle.push(kept)
  close(idle.splice(0, idle.length - MOST_IDLE))
  clearTimeout(closing)
  closing = setTimeout(() => close(idle.splice(0)), PATIENCE_MS).unref()
}

function close(contexts: readonly KeptContext[]): void {
  for (const each of contexts) {
    each.context.dispose().catch(() => {})
  }
}

function keyOf({ plugins: _, ...options }: BuildOptions, others: unknown): string {
  return JSON.stringify([options, others, process.env.NODE_PATH ?? null], (_key, value) =>
    value instanceof RegExp ? String(value) : value,
  )
}
