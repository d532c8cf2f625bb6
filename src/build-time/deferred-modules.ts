/**
 * Node.js's own modules that cannot be in a startup snapshot, for a function that is initialised at build time.
 *
 * `node:http`, `https`, `http2`, `tls` and a few others hold native objects from the moment they are loaded, and V8 cannot
 * write those into a snapshot. Most functions import them, through an SDK if not by themselves, and use them in the
 * handler only. So, while the snapshot is made, `require` gives a proxy that loads the module when it is used after all,
 * in the execution environment. Three things that modules do with them as they initialise work all the same: reading
 * constants (`http.METHODS`), constructing an object that is used later (`new https.Agent()`), and extending the classes of requests and
 * responses or making objects with their prototypes ({@link ./deferred-prototype.ts}). Anything else is
 * reported as what the function cannot be initialised with at build time.
 */

import type { ModuleDescription } from './contract.ts'
import { deferPrototype } from './deferred-prototype.ts'

export interface Deferral {
  /** Whether the snapshot is still to be taken. */
  readonly isBuilding: () => boolean
  /** Loads the module itself, in the execution environment. */
  readonly load: () => Record<PropertyKey, unknown>
  /** Reports something that a snapshot cannot hold, and returns what to throw. `what`: `calls http.request`. */
  readonly refuse: (what: string) => Error
  /** Is given each prototype that is made in the place of one of Node.js's, with the class's name. */
  readonly onPrototype: (name: string, prototype: object) => void
}

/** Classes whose objects Node.js makes, and others change or derive. */
const MADE_BY_NODE = /^http2?\.(IncomingMessage|ServerResponse|Http2ServerRequest|Http2ServerResponse)$/

type Constructor = new (...parameters: unknown[]) => object

/**
 * The proxy of the module `name`. `describe` is asked while the snapshot is still to be taken only: a description can
 * be long (that of `tls` has all root certificates), and should not be in the snapshot.
 */
export function deferModule(name: string, describe: () => ModuleDescription, deferral: Deferral): object {
  const memberNames = () => {
    const { functions, objects, values } = describe()
    return [...functions, ...objects, ...Object.keys(values)]
  }
  const members = new Map<string, unknown>()
  const member = (key: PropertyKey): unknown => {
    if (typeof key !== 'string' || !memberNames().includes(key)) {
      return undefined
    }
    const { objects, values } = describe()
    if (Object.hasOwn(values, key)) {
      return values[key]
    }
    const known = members.get(key)
    if (known !== undefined) {
      return known
    }
    const made = objects.includes(key)
      ? deferInstance(`${name}.${key}`, () => deferral.load()[key] as object, deferral)
      : deferMember(`${name}.${key}`, () => deferral.load()[key], deferral)
    members.set(key, made)
    return made
  }
  const { isBuilding, load, refuse } = deferral
  return new Proxy(
    {},
    {
      get: (_, key) => (isBuilding() ? member(key) : load()[key]),
      set: (_, key, value) => {
        if (isBuilding()) {
          throw refuse(`changes ${name}.${String(key)}`)
        }
        return Reflect.set(load(), key, value)
      },
      has: (_, key) => (isBuilding() ? memberNames().includes(String(key)) : Reflect.has(load(), key)),
      ownKeys: () => (isBuilding() ? memberNames() : Reflect.ownKeys(load())),
      getOwnPropertyDescriptor: (_, key) => {
        if (isBuilding() ? !memberNames().includes(String(key)) : !Object.hasOwn(load(), key)) {
          return undefined
        }
        const value = isBuilding() ? member(key) : load()[key]
        // Configurable whatever it is really: the target of the proxy does not have it.
        return { value, configurable: true, enumerable: true, writable: true }
      },
    },
  )
}

/** A function or class of the module: to be called later, or constructed at any time. */
function deferMember(
  name: string,
  loadMember: () => unknown,
  { isBuilding, refuse, onPrototype }: Deferral,
): object {
  const real = () => loadMember() as Constructor
  let prototype: object | undefined
  const refuseWhileBuilding = (what: string) => {
    if (isBuilding()) {
      throw refuse(what)
    }
  }
  // A function that can be constructed, so that the proxy can be.
  const target = function deferred() {}
  return new Proxy(target, {
    apply: (_, self, parameters) => {
      refuseWhileBuilding(`calls ${name}`)
      return Reflect.apply(real(), self, parameters)
    },
    construct: (_, parameters, newTarget) =>
      isBuilding()
        ? deferInstance(`a ${name}`, () => new (real())(...parameters), { isBuilding, refuse })
        : Reflect.construct(
            real(),
            parameters,
            newTarget.prototype === real().prototype ? real() : newTarget,
          ),
    get: (_, key) => {
      // `instanceof` asks for it, and nothing that there is while building is an instance.
      if (isBuilding() && key === Symbol.hasInstance) {
        return () => false
      }
      if (isBuilding() && key === 'name') {
        return name.slice(name.indexOf('.') + 1)
      }
      if (isBuilding() && key === 'prototype' && MADE_BY_NODE.test(name)) {
        if (prototype === undefined) {
          prototype = deferPrototype(name, { isBuilding, refuse, load: () => real().prototype })
          onPrototype(name, prototype)
        }
        return prototype
      }
      refuseWhileBuilding(`reads ${name}.${String(key)}`)
      return Reflect.get(real(), key)
    },
    set: (_, key, value) => {
      refuseWhileBuilding(`changes ${name}.${String(key)}`)
      return Reflect.set(real(), key, value)
    },
    has: (_, key) => {
      refuseWhileBuilding(`looks into ${name}`)
      return Reflect.has(real(), key)
    },
    getPrototypeOf: () => {
      refuseWhileBuilding(`looks into ${name}`)
      return Reflect.getPrototypeOf(real())
    },
  })
}

/** An object that is constructed when it is first used. */
function deferInstance(
  name: string,
  construct: () => object,
  { isBuilding, refuse }: Pick<Deferral, 'isBuilding' | 'refuse'>,
): object {
  let made: object | undefined
  const real = (what: string): object => {
    if (isBuilding()) {
      throw refuse(`${what} ${name}`)
    }
    made ??= construct()
    return made
  }
  return new Proxy(
    {},
    {
      get: (_, key) => {
        // What a promise that is resolved with it, or somebody who prints it, asks for.
        if (isBuilding() && (key === 'then' || typeof key === 'symbol')) {
          return undefined
        }
        return Reflect.get(real('uses'), key)
      },
      set: (_, key, value) => Reflect.set(real('changes'), key, value),
      has: (_, key) => Reflect.has(real('looks into'), key),
      deleteProperty: (_, key) => Reflect.deleteProperty(real('changes'), key),
      ownKeys: () => Reflect.ownKeys(real('looks into')),
      getOwnPropertyDescriptor: (_, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(real('looks into'), key)
        return descriptor && { ...descriptor, configurable: true }
      },
      getPrototypeOf: () => Reflect.getPrototypeOf(real('looks into')),
    },
  )
}
