/**
 * Has the runtime use the globals that there were before the function was loaded.
 *
 * A function may put others in their places, or into those of their members: fake timers and clocks, another Promise, a mock
 * of process.exit, JSON that knows more types. It means its own code by that. The runtime has to ask for the next invocation
 * all the same, so it keeps those of Node.js, in constants around its code that hide the globals.
 */

const GLOBALS = [
  ...[
    'process',
    'Buffer',
    'URL',
    'encodeURIComponent',
    'queueMicrotask',
    'setTimeout',
    'clearTimeout',
    'setImmediate',
  ],
  ...[
    'Array',
    'Atomics',
    'Date',
    'Error',
    'Int32Array',
    'JSON',
    'Map',
    'Math',
    'Number',
    'Object',
    'Promise',
  ],
  ...['Reflect', 'RegExp', 'Set', 'SharedArrayBuffer', 'String', 'Symbol', 'TypeError', 'WeakMap'],
]

const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  Atomics: ['wait'],
  Buffer: ['alloc', 'allocUnsafeSlow', 'byteLength', 'concat', 'from'],
  Date: ['now'],
  JSON: ['parse', 'stringify'],
  Math: ['max', 'min', 'trunc'],
  Object: ['assign', 'defineProperty', 'entries', 'fromEntries', 'hasOwn', 'keys', 'setPrototypeOf'],
  Promise: ['all', 'resolve', 'withResolvers'],
  Reflect: ['apply', 'deleteProperty', 'get', 'getOwnPropertyDescriptor', 'ownKeys', 'set'],
  process: ['cwd', 'exit', 'getActiveResourcesInfo', 'getBuiltinModule', 'nextTick'],
}

/** Their members need them as `this`. */
const BOUND = ['Promise', 'process']

const members = Object.entries(MEMBERS).flatMap(([holder, names]) =>
  names.map((name) => ({ holder, name, constant: `__${holder}_${name}` })),
)

/** For esbuild: the constant in the place of each member. */
export const CAPTURED_MEMBERS = Object.fromEntries(
  members.map(({ holder, name, constant }) => [`${holder}.${name}`, constant]),
)

/** One line of code that declares the constants. */
export const CAPTURE_GLOBALS = [
  `const { ${GLOBALS.join(', ')} } = globalThis`,
  ...members.map(({ holder, name, constant }) =>
    BOUND.includes(holder)
      ? `${constant} = ${holder}.${name}.bind(${holder})`
      : `${constant} = ${holder}.${name}`,
  ),
].join(', ')
