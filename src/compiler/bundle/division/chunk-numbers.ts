/** Which modules are in which chunk. */
import { type Division, type Exposed, modulePath } from './chunk-links.ts'
import { type ModuleGraph, staticClosures } from './module-graph.ts'

/** The chunk of each module that is needed and not resident: 1, 2, … in the order of their first module's names. */
export function numberChunks(
  graph: ModuleGraph,
  resident: ReadonlySet<string>,
  needed: Exposed,
): Map<string, number> {
  const roots = [...new Set([...needed.keys()].map((name) => modulePath(graph, name)))].sort()
  const closures = staticClosures(
    graph,
    roots.filter((root) => !resident.has(root)),
    resident,
  )
  let chunks: Set<string>[] = []
  for (const closure of closures.values()) {
    const overlapping = chunks.filter((chunk) => [...closure].some((path) => chunk.has(path)))
    const merged = new Set([...overlapping.flatMap((chunk) => [...chunk]), ...closure])
    // Where the first of them was, so that numbers follow the roots' order.
    const place = overlapping[0] === undefined ? chunks.length : chunks.indexOf(overlapping[0])
    chunks = chunks.toSpliced(place, 1, merged).filter((chunk) => !overlapping.includes(chunk))
  }
  return new Map(chunks.flatMap((chunk, index) => [...chunk].map((path) => [path, index + 1])))
}

/** What of `needed` is in the chunk `number`. */
export function exposedIn({ graph, resident, chunkOf }: Division, number: number, needed: Exposed): Exposed {
  return new Map(
    [...needed].filter(([name]) => {
      const path = modulePath(graph, name)
      return (resident.has(path) ? 0 : chunkOf.get(path)) === number
    }),
  )
}
