// Lists that change often beside little else: an item is made again only where it would be another.

/** By list, its items by what they are made of. */
const drawn = new Map()

/** `make(value, isChosen)` makes the item of a value; `chosen` is a request id, or a function's name. */
export function drawList(id, values, chosen, make) {
  const known = drawn.get(id) ?? new Map()
  const items = new Map()
  for (const each of values) {
    const isChosen = (each.requestId ?? each.name) === chosen
    const key = JSON.stringify([each, isChosen])
    items.set(key, known.get(key) ?? make(each, isChosen))
  }
  drawn.set(id, items)
  place(document.getElementById(id), [...items.values()])
}

/** Moves as little as possible, so that what stays keeps the focus and a click that has begun. */
function place(list, items) {
  const wanted = new Set(items)
  for (const child of [...list.children]) {
    if (!wanted.has(child)) {
      child.remove()
    }
  }
  items.forEach((item, index) => {
    if (list.children[index] !== item) {
      list.insertBefore(item, list.children[index] ?? null)
    }
  })
}
