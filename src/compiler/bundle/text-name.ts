/**
 * What a function's text is called, its entry's own being number 0: the agreement with
 * `../../executable/program-loader.ts`, which finds it, its source map and its code cache by this name.
 */
export function textName(number: number): string {
  return number === 0 ? 'function' : `function-${number}`
}
