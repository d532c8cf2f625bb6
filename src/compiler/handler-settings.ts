/** What Lambda's handler setting can be for a function: `orders`, and `orders.create` for its export `create`. */

/** The exports that a function's plain name means. */
const PLAIN = ['handler', 'default']

export function handlerSettings(name: string, exports: readonly string[]): string[] {
  const plain = exports.some((each) => PLAIN.includes(each)) ? [name] : []
  return [...plain, ...exports.filter((each) => !PLAIN.includes(each)).map((each) => `${name}.${each}`)]
}
