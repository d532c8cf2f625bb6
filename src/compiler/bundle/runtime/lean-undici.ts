/**
 * Leaves out of undici what its HTTP/1.1 client never uses against the Runtime API, and of Node.js what undici would
 * load for it. Evaluating modules is most of what undici costs at start-up, so what is not in the bundle, or not
 * loaded from Node.js, is what makes a runtime quick: to its first `next` undici whole takes 100 ms on the machine
 * this was measured on, and so 64.
 *
 * That depends on how undici's files import each other, which no version promises to keep. So it is guarded: each
 * replacement must be asked for, and what is bundled of undici must be the files below and no others. Where that does not
 * hold, a test fails and each build has a note. And each replacement throws when it is used after all.
 */
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'
import { EMITTER_FILE, UNDICI_CONNECTION_FILE } from '../../source-files.ts'
import { UNDICI_FOLDER } from '../../third-party.ts'

/** Beside each other, and named so: of an absolute path with a `*` in it esbuild finds nothing. */
const CONNECTION = JSON.stringify(`./${basename(UNDICI_CONNECTION_FILE)}`)
const EMITTER = JSON.stringify(`./${basename(EMITTER_FILE)}`)

/** The files of undici that the runtime holds, in `lib/`. */
export const BUNDLED_OF_UNDICI: readonly string[] = [
  'core/symbols.js',
  'core/util.js',
  'dispatcher/client.js',
  'dispatcher/dispatcher-base.js',
  'dispatcher/dispatcher.js',
  'util/stats.js',
  'util/timers.js',
]

/** Those of undici's errors that the client names. */
const ERRORS = [
  ...['InvalidArgumentError', 'ConnectTimeoutError', 'InformationalError', 'SocketError'],
  ...['ClientDestroyedError', 'ClientClosedError'],
] as const

/** What takes the place of a module, by what the import of it ends with. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  // The connection is plain HTTP, which never turns into HTTP/2.
  [/\/client-h2(\.js)?$/, refusal('HTTP/2')],
  // Requests and connections are lambdabin's own, for the reasons that their file gives.
  [/^\.\.\/core\/request(\.js)?$/, `module.exports = require(${CONNECTION}).Request`],
  [/\/client-h1(\.js)?$/, `module.exports = require(${CONNECTION}).connectH1`],
  // Tables of well-known headers, which undici's own parsers and requests need.
  [/^(\.|\.\.\/core)\/tree(\.js)?$/, 'module.exports = { tree: { lookup() {} } }'],
  [/^(\.|\.\.\/core)\/constants(\.js)?$/, 'module.exports = {}'],
  // Channels for whoever wants to watch undici at work. Tracing libraries do, and mean the function's own requests.
  [/^(\.|\.\.\/core)\/diagnostics(\.js)?$/, `module.exports = { channels: ${channels()} }`],
  // The client is given a connector of the runtime's own.
  [/^(\.|\.\.\/core)\/connect(\.js)?$/, refusal('its connector')],
  // For `http.maxHeaderSize`, which the client is given, and to recognise a server's request.
  [/^node:http$/, 'module.exports = { maxHeaderSize: 16384, IncomingMessage: class {} }'],
  // Forty classes, of which a few are ever made.
  [/(^\.|\/core)\/errors(\.js)?$/, errorsOnUse()],
  // For a host that is an IPv6 address, for options that the client is not given, and for TLS.
  [
    /^node:net$/,
    'const net = () => process.getBuiltinModule("node:net"); module.exports = { isIP: (text) => net().isIP(text), isIPv6: (text) => net().isIPv6(text) }',
  ],
  // Its client is an emitter.
  [/^node:events$/, `module.exports = require(${EMITTER}).Emitter`],
  // To tell whether a body that is a stream was read.
  [/^node:stream$/, 'module.exports = {}'],
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

function channels(): string {
  const names =
    'beforeConnect connected connectError sendHeaders create bodySent bodyChunkSent bodyChunkReceived headers trailers error'
  return `{ ${names.split(' ').map((name) => `${name}: { hasSubscribers: false }`)} }`
}

/** A module of undici's errors as far as they are told apart here: by name, code and message. */
function errorsOnUse(): string {
  const errors: Record<string, new () => Error & { code: string }> = createRequire(import.meta.url)(
    join(UNDICI_FOLDER, 'lib/core/errors.js'),
  )
  const described = ERRORS.map((name) => {
    const { code, message } = new (errors[name] as (typeof errors)[string])()
    return [name, [code, message]]
  })
  return `const described = ${JSON.stringify(Object.fromEntries(described))}
    const make = (name, [code, text]) => class extends Error {
      constructor(message, options) {
        super(message || text, options)
        this.name = name
        this.code = code
      }
    }
    module.exports = new Proxy({}, {
      get(made, name) {
        if (Object.hasOwn(described, name)) return made[name] ??= make(name, described[name])
        if (/Error$/.test(String(name))) throw new Error("lambdabin leaves " + name + " out of undici")
      }
    })`
}

function refusal(what: string): string {
  return `module.exports = () => { throw new Error("lambdabin leaves ${what} out of undici") }`
}

export interface LeanUndici {
  readonly plugin: Plugin
  /** What is not as this file expects, in one sentence each; to be asked when esbuild is done. */
  readonly check: (metafile: Metafile) => string[]
}

/** For one bundle. */
export function leanUndici(): LeanUndici {
  const asked = new Set<RegExp>()
  return {
    plugin: {
      name: 'lean-undici',
      setup(build) {
        for (const [path, contents] of REPLACEMENTS) {
          const namespace = `lean-undici ${path.source}`
          build.onResolve({ filter: path }, ({ importer }) => {
            if (!isUndicis(importer) && importer !== UNDICI_CONNECTION_FILE) {
              return undefined
            }
            asked.add(path)
            // One module, however it is imported.
            return { path: 'replacement', namespace }
          })
          build.onLoad({ filter: /.*/, namespace }, () => ({
            contents,
            loader: 'js',
            resolveDir: dirname(UNDICI_CONNECTION_FILE),
          }))
        }
      },
    },
    check: (metafile) => [...unasked(asked), ...otherFiles(metafile)],
  }
}

const REMEDY = 'take the undici that lambdabin pins, or report this'

function unasked(asked: ReadonlySet<RegExp>): string[] {
  return REPLACEMENTS.filter(([path]) => !asked.has(path)).map(
    ([path]) =>
      `undici has no import like ${path.source}, which lambdabin replaces, so the runtime may start slower; ${REMEDY}`,
  )
}

function otherFiles({ inputs }: Metafile): string[] {
  const bundled = Object.keys(inputs)
    .filter((path) => !path.startsWith('lean-undici ') && isUndicis(path))
    .map((path) => path.slice(path.lastIndexOf('/lib/') + '/lib/'.length))
  return bundled
    .filter((path) => !BUNDLED_OF_UNDICI.includes(path))
    .map(
      (path) =>
        `the runtime holds undici's ${path}, which it should do without, and starts slower; ${REMEDY}`,
    )
}

function isUndicis(path: string): boolean {
  return /[/\\]undici[/\\]/.test(path)
}
