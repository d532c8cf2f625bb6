/**
 * Which environment variables a function looks for in vain, and where.
 *
 * The function is to find what it would without this, and as fast: `process.env` stays what it is, and what it inherits from is asked for
 * the names only that are no variables. V8 formats a stack when it is read, by what may be the function's own code, or the runtime's, which
 * would be compiled for that: so none is before the end.
 */

import type { LackingVariable } from '../contract.ts'

/** Of who looked for a variable: its caller's, and one or two of a helper's. */
const FRAMES = 3
/** What V8's text of a stack has in front of those: the error's name, and the frames of this file. */
const OWN_LINES = 3
/** What JavaScript and libraries ask of any object, and what is no name. */
const NO_VARIABLE = /^(then|catch|finally|toJSON|inspect|undefined|null|)$/

export class LackingVariables {
  readonly #places = new Map<string, Error>()

  watch(): void {
    const { env } = process
    const inherited = new Proxy(Object.getPrototypeOf(env), {
      get: (target, name, receiver) => {
        const value: unknown = Reflect.get(target, name, receiver)
        if (value === undefined && typeof name === 'string' && !NO_VARIABLE.test(name)) {
          this.#note(name)
        }
        return value
      },
    })
    Object.setPrototypeOf(env, inherited)
  }

  /** The latest last. */
  found(): LackingVariable[] {
    const { prepareStackTrace } = Error
    Reflect.set(Error, 'prepareStackTrace', undefined)
    const variables = [...this.#places].map(([name, { stack }]) => {
      const trace = `${stack}`.split('\n').slice(OWN_LINES, OWN_LINES + FRAMES)
      return { name, trace }
    })
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
    return variables
  }

  #note(name: string): void {
    const { stackTraceLimit } = Error
    // A function may have set it to none, or frozen it.
    Reflect.set(Error, 'stackTraceLimit', OWN_LINES + FRAMES)
    this.#places.delete(name)
    this.#places.set(name, new Error())
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
