/**
 * The prototype of a class that has to wait, for objects that are made with it before the class is there: Express makes its requests and
 * responses with those of `http.IncomingMessage` and `http.ServerResponse`.
 *
 * It is an object without properties, whose own prototype is a proxy until the class is loaded, and then the real prototype. So what is made with it finds the class's
 * methods as ever, and once it does, at no more cost than one step.
 */

export interface PrototypeDeferral {
  /** Whether the snapshot is still to be taken. */
  readonly isBuilding: () => boolean
  /** Loads the class, in the execution environment. */
  readonly load: () => object
  /** Reports what a snapshot cannot hold, and returns what to throw: `uses http.IncomingMessage.prototype.on`. */
  readonly refuse: (what: string) => Error
}

/** `name` is the class's. */
export function deferPrototype(name: string, { isBuilding, load, refuse }: PrototypeDeferral): object {
  const real = (what: string, key: PropertyKey): object => {
    if (isBuilding()) {
      throw refuse(`${what} ${name}.prototype.${String(key)}`)
    }
    const loaded = load()
    adopt(loaded)
    return loaded
  }
  const unloaded = new Proxy(Object.create(null), {
    get: (_, key, receiver) => {
      // What a promise that is resolved with it, or somebody who prints it, asks for.
      if (isBuilding() && (key === 'then' || typeof key === 'symbol')) {
        return undefined
      }
      return Reflect.get(real('uses', key), key, receiver)
    },
    has: (_, key) => Reflect.has(real('looks for', key), key),
    set: (_, key, value, receiver) => {
      if (receiver === prototype) {
        return Reflect.set(real('changes', key), key, value)
      }
      if (!isBuilding()) {
        return Reflect.set(real('changes', key), key, value, receiver)
      }
      // What is made with it gets a property of its own, as it would of a class without such a setter.
      return Reflect.defineProperty(receiver, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    },
    // `instanceof` goes on with what it stands for.
    getPrototypeOf: () => (isBuilding() ? null : real('looks for', 'constructor')),
  })
  const prototype: object = Object.create(unloaded)
  const adopt = (loaded: object): void => {
    Object.setPrototypeOf(prototype, loaded)
  }
  return prototype
}
