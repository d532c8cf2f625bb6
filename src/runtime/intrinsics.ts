/**
 * Methods of JavaScript's own objects as they are before the function is loaded, as functions of what they are methods of.
 *
 * A function may change them for its own purposes, or in a mock that it forgets. What asks for invocations and answers them
 * uses these; and globals, which `compiler/bundle/runtime/captured-globals.ts` keeps for it.
 */

/** A method as a function whose first parameter is what the method is called on. */
const uncurried = Function.prototype.bind.bind(Function.prototype.call) as <
  This,
  Parameters extends unknown[],
  Result,
>(
  method: (this: This, ...parameters: Parameters) => Result,
) => (self: This, ...parameters: Parameters) => Result

export const charCodeAt = uncurried(String.prototype.charCodeAt)
export const indexOf = uncurried(String.prototype.indexOf)
export const slice = uncurried(String.prototype.slice)
export const startsWith = uncurried(String.prototype.startsWith)
export const toLowerCase = uncurried(String.prototype.toLowerCase)

/** The match of a regular expression that has neither of the flags `g` and `y`. */
export const match = uncurried(RegExp.prototype.exec)

export const bytesToText: (bytes: Buffer, encoding: BufferEncoding, start?: number, end?: number) => string =
  uncurried(Buffer.prototype.toString)
export const indexInBytes: (bytes: Buffer, text: string, from: number, encoding: BufferEncoding) => number =
  uncurried(Buffer.prototype.indexOf as (text: string, from: number, encoding: BufferEncoding) => number)
