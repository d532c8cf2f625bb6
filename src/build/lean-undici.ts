/**
 * Leaves out of undici what its HTTP/1.1 client never uses against the Runtime API, and of Node.js what undici would
 * load for it. Evaluating modules is most of what undici costs at start-up, so what is not in the bundle, or not
 * loaded from Node.js, is what makes a runtime quick: to its first `next` undici whole takes 100 ms on the machine
 * this was measured on, and so 64.
 *
 * Each stand-in throws when it is used after all, so that a new release of undici that needs one shows in the tests.
 */
import type { Plugin } from 'esbuild'
import { ERROR_TYPE_HEADER, XRAY_ERROR_CAUSE_HEADER } from '../runtime/runtime-api.ts'
import { UNDICI_PARSER_FILE } from './source-files.ts'

/** Text of the module that stands in, by what the import that it stands in for ends with. */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  // The connection is plain HTTP, which never turns into HTTP/2.
  [/\/client-h2(\.js)?$/, refusal('HTTP/2')],
  // The parser is lambdabin's own, for the reasons that its file gives. What undici compiles all the same when it
  // connects is the shortest WebAssembly module there is: its magic number and version.
  [/\/llhttp(_simd)?-wasm\.js$/, 'module.exports = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])'],
  [/\/llhttp\/constants\.js$/, 'module.exports = { ERROR: {}, TYPE: {} }'],
  // Tables of well-known headers, for undici's parsers and for checking a request's headers faster: the runtime's own
  // parser needs none, and its requests have the few headers that are here.
  [/^(\.|\.\.\/core)\/tree(\.js)?$/, 'module.exports = { tree: { lookup() {} } }'],
  [
    /^(\.|\.\.\/core)\/constants(\.js)?$/,
    `module.exports = { headerNameLowerCasedRecord: ${JSON.stringify(headerNames())} }`,
  ],
  // Channels for whoever wants to watch undici at work. Tracing libraries do, and mean the function's own requests.
  [/^(\.|\.\.\/core)\/diagnostics(\.js)?$/, `module.exports = { channels: ${channels()} }`],
  // The client is given a connector of the runtime's own.
  [/^(\.|\.\.\/core)\/connect(\.js)?$/, refusal('its connector')],
  // Bodies are buffers, and no forms.
  [/\/web\/fetch\/(body|formdata)(\.js)?$/, refusal('fetch')],
  [/\/web\/webidl(\/index)?(\.js)?$/, refusal('webidl')],
  // For `http.maxHeaderSize`, which the client is given, and to recognise a server's request.
  [/^node:http$/, 'module.exports = { maxHeaderSize: 16384, IncomingMessage: class {} }'],
  // For query strings, which the Runtime API has none of.
  [
    /^node:querystring$/,
    'module.exports = { stringify() { throw new Error("lambdabin leaves query strings out of undici") } }',
  ],
  // Node.js's loads its differ and its printer. undici asserts on what is true or false only.
  [
    /^node:assert$/,
    'module.exports = (holds, message) => { if (!holds) throw message instanceof Error ? message : new Error(message ?? "an invariant of undici does not hold") }',
  ],
]

function headerNames(): Record<string, string> {
  const names = ['content-type', ERROR_TYPE_HEADER, XRAY_ERROR_CAUSE_HEADER]
  return Object.fromEntries(names.map((name) => [name, name]))
}

function channels(): string {
  const names =
    'beforeConnect connected connectError sendHeaders create bodySent bodyChunkSent bodyChunkReceived headers trailers error'
  return `{ ${names.split(' ').map((name) => `${name}: { hasSubscribers: false }`)} }`
}

function refusal(what: string): string {
  return `module.exports = () => { throw new Error("lambdabin leaves ${what} out of undici") }`
}

export const leanUndici: Plugin = {
  name: 'lean-undici',
  setup(build) {
    build.onResolve({ filter: /\/parser-h1(\.js)?$/ }, () => ({ path: UNDICI_PARSER_FILE }))
    for (const [path, contents] of STAND_INS) {
      const namespace = `lean-undici ${path.source}`
      build.onResolve({ filter: path }, ({ importer, path }) =>
        /[/\\]undici[/\\]/.test(importer) ? { path, namespace } : undefined,
      )
      build.onLoad({ filter: /.*/, namespace }, () => ({ contents, loader: 'js' }))
    }
  },
}
