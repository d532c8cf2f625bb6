/** Which of a function's modules a start evaluates, and which wait behind an `import()`: by the build's record. */
import type { BuildRecord } from '../../executable/build-record.ts'

/**
 * - `start`: the entry needs it, by `import` or `require` statements. A `require` inside a function may come later, or never;
 *   which do, a start shows.
 * - `import()`: only an `import()` leads to it.
 * - `build`: the build has evaluated it, and each start finds what it left.
 */
export type Evaluation = 'start' | 'import()' | 'build'

/** By path; undefined where the record does not tell. */
export function evaluations(record: BuildRecord | undefined): ReadonlyMap<string, Evaluation> | undefined {
  if (record?.modules === undefined) {
    return undefined
  }
  const { modules, entry, options } = record
  const first = modules.findIndex(({ path }) => path === entry)
  if (first === -1) {
    return undefined
  }
  const needed = new Set<number>()
  const pending = [first]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (!needed.has(next)) {
      needed.add(next)
      pending.push(...(modules[next]?.imports ?? []))
    }
  }
  const atOnce = options?.init === 'build' ? 'build' : 'start'
  return new Map(modules.map(({ path }, index) => [path, needed.has(index) ? atOnce : 'import()'] as const))
}
