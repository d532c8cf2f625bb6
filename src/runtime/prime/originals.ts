/**
 * What a request goes through, as it is before the function is evaluated: to tell afterwards whether the function has put something
 * of its own there, as tracers do, which would see what is primed.
 */

type Member = readonly [holder: object, name: string, value: unknown]

/** Of Node.js's modules: themselves, and classes of theirs. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  http: ['Agent', 'ClientRequest', 'IncomingMessage', 'OutgoingMessage'],
  https: ['Agent'],
  tls: ['TLSSocket'],
  net: ['Socket'],
  stream: ['Readable', 'Writable', 'Duplex'],
  events: ['EventEmitter'],
  crypto: ['Hash', 'Hmac'],
  'fs/promises': [],
}

/** No others are looked at of `globalThis` and `process`: to do that loads what Node.js loads when it is used. */
const GLOBALS = [
  'JSON',
  'Math',
  'Reflect',
  'Object',
  'Array',
  'String',
  'Number',
  'Function',
  'RegExp',
  'Map',
  'Set',
  'WeakMap',
  'Date',
  'Promise',
  'Error',
  'Uint8Array',
  'Buffer',
  'URL',
  'setTimeout',
  'clearTimeout',
  'setImmediate',
  'queueMicrotask',
  'parseInt',
  'encodeURIComponent',
]

const OF_PROCESS = ['nextTick', 'emit', 'emitWarning', 'hrtime']

export class Originals {
  readonly #members: readonly Member[] = [
    ...membersOf(globalThis, GLOBALS),
    ...membersOf(process, OF_PROCESS),
    ...holders().flatMap((holder) => membersOf(holder)),
  ]

  areReplaced(): boolean {
    return this.#members.some(([holder, name, value]) => functionIn(holder, name) !== value)
  }
}

function holders(): object[] {
  const globals = GLOBALS.map((name) => Reflect.get(globalThis, name) as object)
  const ofNode = Object.entries(CLASSES).flatMap(([name, names]) => {
    const module = process.getBuiltinModule(name) as object
    return [module, ...names.map((each) => Reflect.get(module, each) as object)]
  })
  const all = [...globals, ...ofNode]
  return [
    ...all,
    ...all.map(({ prototype }: { prototype?: object }) => prototype).filter((each) => each !== undefined),
  ]
}

function membersOf(holder: object, names: readonly string[] = Object.getOwnPropertyNames(holder)): Member[] {
  return names.map((name) => [holder, name, functionIn(holder, name)])
}

/** Of an accessor, its getter: some load a module, or warn. */
function functionIn(holder: object, name: string): unknown {
  const { value, get = value } = Object.getOwnPropertyDescriptor(holder, name) ?? {}
  return typeof get === 'function' ? get : undefined
}
