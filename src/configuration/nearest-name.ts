/** Finds what somebody meant to type. */

/** Part of a name's letters that may differ: two of `build`, which is one pair swapped. */
const MEANT = 0.4

/**
 * The name that takes the fewest changes of a letter to become; undefined when none is near enough to be
 * meant.
 */
export function nearestName(typed: string, names: readonly string[]): string | undefined {
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(typed, name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, name.length * MEANT))
    .sort((left, right) => left.distance - right.distance)
  return nearest?.name
}

/** What to do about `typed`, which is none of `names`: a question, or else `otherwise`. */
export function remedyFor(
  typed: string,
  names: readonly string[],
  otherwise = `there are ${names.join(', ')}`,
): string {
  const nearest = nearestName(typed, names)
  return nearest === undefined ? otherwise : `did you mean ${nearest}?`
}

/** Letters to insert, delete or replace to make one of the other (Levenshtein). */
function editDistance(left: string, right: string): number {
  let distances = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (const [row, letter] of [...left].entries()) {
    const next = [row + 1]
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (distances[column - 1] ?? 0) + (letter === right[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (distances[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    distances = next
  }
  return distances.at(-1) ?? 0
}
