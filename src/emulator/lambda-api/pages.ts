/** Lists that are answered page by page. */

import { integerOf } from './members.ts'

const PAGE = 50
const MOST = 10_000

export interface Page<Item> {
  items: Item[]
  /** What the next page begins behind; undefined for the last. */
  next: string | undefined
}

/** What `MaxItems` and `Marker` of a query ask for. `nameOf` is what items are sorted by, or the order in which they are. */
export function page<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  query: URLSearchParams,
  most = PAGE,
): Page<Item> {
  const limit = Math.min(integerOf(query.get('MaxItems'), 'MaxItems', 1, MOST) ?? most, most)
  const marker = query.get('Marker') || undefined
  const start = marker === undefined ? 0 : items.findIndex((item) => nameOf(item) === marker) + 1
  // What the marker names may be gone by now.
  const from = marker !== undefined && start === 0 ? items.findIndex((item) => nameOf(item) > marker) : start
  const found = from < 0 ? [] : items.slice(from, from + limit)
  const last = found.at(-1)
  const isWhole = from < 0 || from + limit >= items.length
  return { items: found, next: isWhole || last === undefined ? undefined : nameOf(last) }
}
