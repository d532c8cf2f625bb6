/**
 * A function that does not initialise in the build: what failed, where, and what to do.
 *
 * It may be well on Lambda, where it has its environment variables and its network; more often it lacks a package or a file
 * there, too. So it is a warning, and with `--strict` an error.
 */
import { SourceMap } from 'node:module'
import { normalize, relative, sep } from 'node:path'
import type { LackingVariable } from '../../build-time/contract.ts'
import { chunkOfScript } from '../../executable/format.ts'
import { BuildError } from '../build-error.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import { isAddonImport } from '../dependencies/native-addons.ts'
import { importedPackage, packageName } from '../dependencies/package-of-file.ts'
import { escaped } from '../escaped-pattern.ts'
import { originOf } from '../text/source-origin.ts'

/** What the run of a function came to that did not initialise. */
export type InitFailure = HowItFailed & {
  /** Environment variables that it looked for, and that the build has not. */
  lacking?: readonly LackingVariable[]
}

type InitError = Extract<InitFailure, { kind: 'error' }>

type HowItFailed =
  /** It said so itself. */
  | { kind: 'error'; errorType: string; errorMessage: string; trace: readonly string[] }
  /** Its process ended, or took too long. `output` is the end of what it printed. */
  | { kind: 'ended'; how: string; output: string }

/** With `--strict`: the function does not initialise. */
export class InitFailureError extends BuildError {
  override readonly name = 'InitFailureError'
}

export const HANDLER_NOT_FOUND = 'Runtime.HandlerNotFound'

/** The document of an init error as the runtime posts it; what caused the error says more than what it led to. */
export function readInitFailure(body: Buffer): InitFailure {
  try {
    const document = JSON.parse(body.toString())
    const { errorType, errorMessage, trace } = document.cause ?? document
    return {
      kind: 'error',
      errorType: String(errorType),
      errorMessage: String(errorMessage),
      trace: Array.isArray(trace) ? trace.map(String) : [],
    }
  } catch {
    return { kind: 'error', errorType: 'Error', errorMessage: body.toString(), trace: [] }
  }
}

/** In one sentence or two. `root` is the folder that the package's root stands for. */
export function explainInitFailure(
  failure: InitFailure,
  bundle: FunctionBundle,
  root: string = bundle.project,
): string {
  if (failure.kind === 'ended') {
    const printed = failure.output.trim()
    return (
      `the function does not initialise: ${failure.how} before it was ready for an event; ` +
      `it may need what a build has not (environment variables, credentials, a network), else it fails on Lambda, too` +
      (printed === '' ? '' : `. It says: ${lastLines(printed)}`)
    )
  }
  const { errorType, errorMessage, trace } = failure
  // With `bindings`, thirteen paths that it tried.
  const [what = ''] = errorMessage.split(/\nRequire stack:|\s*Tried:\n/)
  const place = placeOf(trace, bundle)
  return (
    `the function does not initialise: ${errorType}: ${oneLine(what)}` +
    `${place === undefined ? '' : ` (${place})`}; ${remedy(failure, bundle, root)}`
  )
}

/** The innermost place that is not lambdabin's or Node.js's: with the package, if it is in one. */
function placeOf(trace: readonly string[], bundle: FunctionBundle): string | undefined {
  const chunks = [bundle.entry, ...bundle.chunks]
  const maps = new Map<string, SourceMap>()
  for (const line of trace) {
    const [, shipped] = /\(?(?:file:\/\/)?\/var\/task\/(node_modules\/[^\s)]+)/.exec(line) ?? []
    if (shipped !== undefined) {
      return inPackage(shipped)
    }
    const [, name = '', row, column] = /([\w-]+\.js):(\d+):(\d+)/.exec(line) ?? []
    const chunk = chunks[chunkOfScript(name) ?? -1]
    if (chunk !== undefined) {
      const map = maps.get(name) ?? new SourceMap(JSON.parse(chunk.sourceMap.toString()))
      maps.set(name, map)
      const origin = originOf(map, Number(row), Number(column))
      // What throws in the place of a module that is not installed is nobody's.
      if (origin !== undefined && !origin.path.startsWith('absent-import:')) {
        return inPackage(`${origin.path}:${origin.line}:${origin.column}`)
      }
    }
    const [, mapped] = /\(?([^\s()]+\.(?:[cm]?[jt]sx?):\d+:\d+)\)?$/.exec(line) ?? []
    if (mapped !== undefined && !/^(node:|runtime\.js|\/var\/runtime\/)|\/warm-up\.cjs:/.test(mapped)) {
      return inPackage(mapped)
    }
  }
  return undefined
}

const IN_PACKAGE = 'in the package '

function inPackage(place: string): string {
  const name = packageName(place)
  return name === undefined ? place : `${IN_PACKAGE}${name}, ${place}`
}

/** Of those that a function looked for before it failed, how many are told. */
const MOST_VARIABLES = 3

const NO_ADDON =
  /Could not locate the bindings file|No native build was found|Cannot find module '[^']+\.node'/

function remedy(failure: InitError, bundle: FunctionBundle, root: string): string {
  const { errorMessage: message, trace } = failure
  const { packages } = bundle
  const [, missing] = /Cannot find (?:module|package) '([^']+)'/.exec(message) ?? []
  const importing = packages.absent.find(({ specifier }) => specifier === missing)?.importedBy
  const unbuilt = NO_ADDON.test(message) ? (importing ?? packageOfAddon([message, ...trace])) : undefined
  if (unbuilt !== undefined) {
    return `the addon of ${unbuilt} was not built when it was installed: run npm rebuild ${unbuilt}, with its install script allowed`
  }
  if (missing !== undefined && !/^[./]/.test(missing)) {
    const name = importedPackage(missing) ?? missing
    return packages.absent.some(({ specifier }) => importedPackage(specifier) === name)
      ? `${name} is not installed: install it`
      : `only what is bundled or shipped is there, here as on Lambda: install ${name} if it is not, and import it by a name ` +
          `that is written out, or ship it with --external ${name}`
  }
  const [, file = ''] = /ENOENT.* '(?:\/var\/task\/)?([^']+)'/.exec(message) ?? []
  const read = packages.reads.map((path) => relative(root, path)).find((path) => isPathOf(file, path))
  if (read !== undefined) {
    return `files of the project are not on Lambda either; ship it with --include ${read}`
  }
  if (missing !== undefined || /ENOENT/.test(message)) {
    return (
      'files of the project are not on Lambda either: ship what is read with --include, ' +
      'or the package that reads it with --external'
    )
  }
  if (/\.node\b|ERR_DLOPEN|dlopen|invalid ELF/i.test(message)) {
    return 'a package with a native addon has to be shipped as it is: name it with --external'
  }
  if (/ENETUNREACH|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT/.test(message)) {
    return 'a build has no network: connect in the handler, or take no notice if it is there on Lambda'
  }
  const variables = lackingVariables(failure, bundle)
  return variables.length === 0
    ? `if it needs what a build has not (environment variables, credentials, a network), take no notice; else it fails on Lambda, too`
    : `if it is for want of ${new Intl.ListFormat('en').format(variables)} in the environment, give the build some value with --env ${variables[0]}=… or env in the configuration, and take no notice if Lambda has one; else it fails there, too`
}

/** Those that the message names, or else what the function's own modules looked for last. */
function lackingVariables({ errorMessage, lacking = [] }: InitError, bundle: FunctionBundle): string[] {
  const named = lacking.filter(({ name }) => new RegExp(`\\b${escaped(name)}\\b`).test(errorMessage))
  const own = named.length > 0 ? named : lacking.filter(({ trace }) => isOwn(placeOf(trace, bundle)))
  return own.slice(-MOST_VARIABLES).map(({ name }) => name)
}

function isOwn(place: string | undefined): boolean {
  return place !== undefined && !place.startsWith(IN_PACKAGE)
}

/** Whether a path that was read is that of a file that the function reads: the same, or in a folder that it reads. */
function isPathOf(file: string, path: string): boolean {
  const normal = normalize(file)
  return normal === path || normal.startsWith(path + sep) || normal.endsWith(sep + path)
}

/** The package that texts name a path of, and not what looks for its addon. */
function packageOfAddon(texts: readonly string[]): string | undefined {
  return texts
    .flatMap((text) => text.match(/[^\s()']*node_modules\/[^\s()']+/g) ?? [])
    .map(packageName)
    .find((name) => name !== undefined && !isAddonImport(name))
}

function oneLine(text: string): string {
  return text
    .trim()
    .split(/\s*\n\s*/)
    .join(' ')
}

const LONGEST_QUOTE = 500

/** Without the frames of stack traces, which would be all of them. Lambda's log has carriage returns within a message. */
function lastLines(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^at .*:\d+(?::\d+)?\)?$/.test(line))
  const last = lines.slice(-5).join(' ')
  return last.length > LONGEST_QUOTE ? `${last.slice(0, LONGEST_QUOTE)}…` : last
}

const LONGEST_DESCRIPTION = 200

/** An error document of the Runtime API, in a few words. */
export function describeErrorDocument(body: Buffer): string {
  try {
    const { errorType, errorMessage } = JSON.parse(body.toString())
    const [line = ''] = String(errorMessage).trim().split('\n')
    // Of a message that is JSON, as zod's are, the first line is a bracket.
    const what = /\w/.test(line) ? line : oneLine(String(errorMessage))
    return `${errorType}: ${what.length > LONGEST_DESCRIPTION ? `${what.slice(0, LONGEST_DESCRIPTION)}…` : what}`
  } catch {
    return body.toString('utf8', 0, LONGEST_DESCRIPTION)
  }
}
