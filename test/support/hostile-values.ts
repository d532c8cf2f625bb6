/** What a function may log or throw: values that do their worst when somebody looks at them. */

function throwing(): never {
  throw new Error('a trap')
}

const TRAPS: ProxyHandler<object> = Object.fromEntries(
  Object.getOwnPropertyNames(Reflect).map((trap) => [trap, throwing]),
)

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function circularCause(): Error {
  const error = new Error('its own cause')
  error.cause = error
  return error
}

function circularErrors(): AggregateError {
  const inner = new Error('inner')
  const outer = new AggregateError([inner, circularCause()], 'of each other')
  Object.assign(inner, { errors: [outer], request: { socket: { error: outer } } })
  return outer
}

/** A chain of `length` causes. */
function chain(length: number): Error {
  let error = new Error('the first')
  for (let number = 0; number < length; number++) {
    error = new Error(`number ${number}`, { cause: error })
  }
  return error
}

function withMember(name: string, descriptor: PropertyDescriptor): Error {
  return Object.defineProperty(new Error(`with ${name}`), name, { configurable: true, ...descriptor })
}

const circle: Record<string, unknown> = { name: 'circle' }
circle.self = circle

/** By name, how to make each. */
export const HOSTILE: Readonly<Record<string, () => unknown>> = {
  'an error that is its own cause': circularCause,
  'errors of each other': circularErrors,
  'a chain of ten thousand causes': () => chain(10_000),
  'an AggregateError of a thousand': () =>
    new AggregateError(Array.from({ length: 1000 }, (_, index) => new Error(`${index}`))),
  'an error with a circle': () => Object.assign(new Error('with a circle'), { circle }),
  'an error with a BigInt and a symbol': () =>
    Object.assign(new Error('odd'), { id: 10n, kind: Symbol('s') }),
  'an error whose property throws': () => withMember('detail', { get: throwing, enumerable: true }),
  ...Object.fromEntries(
    ['name', 'message', 'stack', 'cause', 'errors', 'code', 'toString', 'toJSON', 'constructor'].flatMap(
      (name) => [
        [`an error whose ${name} throws`, () => withMember(name, { get: throwing, enumerable: true })],
        [
          `an error whose ${name} is a symbol`,
          () => withMember(name, { value: Symbol(name), enumerable: true }),
        ],
        [
          `an error whose ${name} is revoked`,
          () => withMember(name, { value: revoked({}), enumerable: true }),
        ],
      ],
    ),
  ),
  'an error of a null prototype': () => Object.setPrototypeOf(new Error('no prototype'), null),
  'an error behind a proxy that throws': () => new Proxy(new Error('behind'), TRAPS),
  'a proxy that throws': () => new Proxy({}, TRAPS),
  'a proxy that says that it is an error': () => new Proxy({}, { getPrototypeOf: () => Error.prototype }),
  'a revoked proxy': () => revoked({}),
  'a revoked proxy of a function': () => revoked(() => {}),
  'a revoked array': () => revoked([]),
  'a circle': () => circle,
  'a BigInt': () => 10n,
  'an object with a BigInt': () => ({ id: 10n }),
  'a symbol': () => Symbol('s'),
  'a function': () => function named() {},
  'no prototype': () => Object.create(null),
  'a toJSON that throws': () => ({ toJSON: throwing }),
  'a toJSON of itself': () => {
    const value = { toJSON: (): unknown => value }
    return value
  },
  'a toString that throws': () => ({ toString: throwing, valueOf: throwing, [Symbol.toPrimitive]: throwing }),
  'an inspect that throws': () => ({ [Symbol.for('nodejs.util.inspect.custom')]: throwing }),
  'a getter that throws': () => Object.defineProperty({}, 'x', { get: throwing, enumerable: true }),
  'an iterator that throws': () => ({ [Symbol.iterator]: throwing }),
  'a map of a circle': () => new Map([[circle, circle]]),
  'a deep object': () => {
    let value: object = {}
    for (let depth = 0; depth < 20_000; depth++) {
      value = { value }
    }
    return value
  },
  'an array of holes': () => new Array(10_000),
  'half a character': () => '\ud800 and \udfff',
  'an invalid date': () => new Date(Number.NaN),
  'a detached buffer': () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  },
  undefined: () => undefined,
  null: () => null,
}
