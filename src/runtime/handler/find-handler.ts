import { HandlerNotFound } from '../errors.ts'
import { fromFetchHandler, isFetchHandler } from '../http/fetch-handler.ts'
import type { HandlerFunction } from './handler.ts'

/** What a handler is found as: the value, and the object that it is a property of. */
interface Found {
  readonly value: unknown
  readonly owner: unknown
}

/**
 * The handler among a function's exports: the one that `path` leads to, or else `handler`, or else the default export; a
 * function, a method of an instance, or an object with a `fetch` method, which becomes one. Throws `HandlerNotFound`, which
 * says what there is instead.
 */
export function findHandler(
  functionExports: unknown,
  path: readonly string[],
  setting: string,
): HandlerFunction {
  const { value, owner } = path.length === 0 ? defaultHandler(functionExports) : follow(functionExports, path)
  if (typeof value === 'function') {
    return asFunction(value as HandlerFunction, owner)
  }
  if (isFetchHandler(value)) {
    return fromFetchHandler(value) as HandlerFunction
  }
  const wanted = path.length === 0 ? 'handler' : path.join('.')
  const problem = value === undefined ? `exports no ${wanted}` : `exports ${wanted}, but as ${kindOf(value)}`
  throw new HandlerNotFound(
    `The handler setting ${JSON.stringify(setting)} needs the function to export a function named ${wanted}, ` +
      `and it ${problem}; ${alternatives(functionExports, setting, path)}`,
  )
}

/** What the names lead to; in the default export where the module has no such export. */
function follow(functionExports: unknown, path: readonly string[]): Found {
  const found = followIn(functionExports, path)
  return found.value === undefined ? followIn(property(functionExports, 'default'), path) : found
}

function followIn(source: unknown, path: readonly string[]): Found {
  let found: Found = { value: source, owner: undefined }
  for (const name of path) {
    found = { value: property(found.value, name), owner: found.value }
  }
  return found
}

function defaultHandler(functionExports: unknown): Found {
  if (typeof functionExports === 'function') {
    return { value: functionExports, owner: undefined } // CommonJS: module.exports = handler
  }
  const named = property(functionExports, 'handler')
  if (named !== undefined) {
    return { value: named, owner: functionExports }
  }
  const byDefault = property(functionExports, 'default')
  // `export default app`, whose other properties are its own; or a module with `handler`; or CommonJS: module.exports = app
  if (typeof byDefault === 'function' || isFetchHandler(byDefault)) {
    return { value: byDefault, owner: undefined }
  }
  const inDefault = property(byDefault, 'handler')
  if (inDefault !== undefined) {
    return { value: inDefault, owner: byDefault }
  }
  return { value: isFetchHandler(functionExports) ? functionExports : undefined, owner: undefined }
}

/** A method needs its object; what a module exports does without. */
function asFunction(handler: HandlerFunction, owner: unknown): HandlerFunction {
  if (typeof owner !== 'object' || owner === null || isPlain(owner)) {
    return handler
  }
  const bound = handler.bind(owner)
  // How a handler is marked that streams.
  for (const mark of Object.getOwnPropertySymbols(handler)) {
    Reflect.set(bound, mark, Reflect.get(handler, mark))
  }
  return bound
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** A property of an object, or of its class; not of those that every object has: `orders.constructor`, `orders.toString`. */
function property(source: unknown, name: string): unknown {
  if (source === null || (typeof source !== 'object' && typeof source !== 'function')) {
    return undefined
  }
  if (Object.hasOwn(source, name)) {
    return Reflect.get(source, name)
  }
  for (
    let holder = Object.getPrototypeOf(source);
    holder !== null && Object.getPrototypeOf(holder) !== null && holder !== Function.prototype;
    holder = Object.getPrototypeOf(holder)
  ) {
    if (name !== 'constructor' && Object.hasOwn(holder, name)) {
      return Reflect.get(source, name)
    }
  }
  return undefined
}

function isHandler(value: unknown): boolean {
  return typeof value === 'function' || isFetchHandler(value)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function alternatives(functionExports: unknown, setting: string, path: readonly string[]): string {
  const suffix = path.length === 0 ? '' : `.${path.join('.')}`
  const executable = setting.endsWith(suffix) ? setting.slice(0, setting.length - suffix.length) : setting
  const names = handlerNames(functionExports)
  if (names.length === 0) {
    return 'it exports no function at all: export one.'
  }
  return `set it to one of ${names.map((name) => `${executable}.${name}`).join(', ')}.`
}

/** The names that lead to a function, in the exports and in objects among them. */
function handlerNames(functionExports: unknown): string[] {
  return ownNames(functionExports).flatMap((name) => {
    const value = property(functionExports, name)
    if (isHandler(value)) {
      return [name]
    }
    return ownNames(value)
      .filter((inner) => isHandler(property(value, inner)))
      .map((inner) => `${name}.${inner}`)
  })
}

function ownNames(value: unknown): string[] {
  return value !== null && typeof value === 'object' ? Object.keys(value) : []
}
