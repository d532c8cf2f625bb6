/**
 * Makes a `require` for a function of `load`. What else a `require` has comes of a real one, which `whole` makes when it is
 * needed; it is told what for.
 */
export function asRequire(
  load: (id: string) => unknown,
  whole: (what: string) => NodeJS.Require,
): NodeJS.Require {
  const require = (id: string): unknown => load(id)
  for (const property of ['resolve', 'cache', 'main', 'extensions'] as const) {
    const get = () => whole(`require.${property}`)[property]
    Object.defineProperty(require, property, { get, enumerable: true })
  }
  return require as NodeJS.Require
}
