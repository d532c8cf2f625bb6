export const TRACE_ID_NAME = '_X_AMZN_TRACE_ID'

/**
 * The environment variable in which the AWS SDK and X-Ray find the trace of the running invocation.
 *
 * It is not set in earnest: the C library keeps each value that a variable has ever had, 160 bytes of each invocation, for as
 * long as the process lives. So {@link view} stands in front of the environment, and tells whoever reads, lists or copies it,
 * for a child process say, the id of the moment. What is no JavaScript does not see it.
 */
export class TraceIdVariable {
  readonly view: NodeJS.ProcessEnv
  /** The prototype of the environment, which is its own. */
  readonly #prototype: object
  #id: string | undefined

  constructor(environment: NodeJS.ProcessEnv) {
    this.#prototype = Object.getPrototypeOf(environment)
    const id = environment[TRACE_ID_NAME]
    delete environment[TRACE_ID_NAME]
    this.view = new Proxy(environment, this.#traps())
    this.set(id)
  }

  set(id: string | undefined): void {
    const wasSet = this.#id !== undefined
    this.#id = id
    if (id === undefined) {
      Reflect.deleteProperty(this.#prototype, TRACE_ID_NAME)
    } else if (!wasSet) {
      // Reading is the environment's own business, as quick as ever, also by whoever has it from before.
      Object.defineProperty(this.#prototype, TRACE_ID_NAME, { configurable: true, get: () => this.#id })
    }
  }

  #traps(): ProxyHandler<NodeJS.ProcessEnv> {
    const isOurs = (key: PropertyKey) => key === TRACE_ID_NAME
    return {
      set: (target, key, value) => {
        if (isOurs(key)) {
          this.set(String(value))
          return true
        }
        return Reflect.set(target, key, value)
      },
      deleteProperty: (target, key) => {
        if (isOurs(key)) {
          this.set(undefined)
          return true
        }
        return Reflect.deleteProperty(target, key)
      },
      ownKeys: (target) => {
        const keys = Reflect.ownKeys(target)
        return this.#id === undefined ? keys : [...keys, TRACE_ID_NAME]
      },
      getOwnPropertyDescriptor: (target, key) => {
        if (isOurs(key)) {
          const value = this.#id
          return value === undefined
            ? undefined
            : { value, configurable: true, enumerable: true, writable: true }
        }
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
    }
  }
}
