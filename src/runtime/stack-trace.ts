/**
 * Stack traces that name the TypeScript file and line.
 *
 * V8 formats a stack when it is first read, and asks `Error.prepareStackTrace` to do so; only then is a source map
 * read, and of it what is asked for. A program in which nobody reads a stack pays one assignment.
 */

import { LAUNCHER_FILE, LINK_NAMESPACE, RUNTIME_FILE } from '../executable/format.ts'
import type { Program } from '../executable/program.ts'
import { findOrigin, type IndexedSourceMap, pathOfSource } from '../executable/source-map.ts'

export function installStackTraces(program: Program): void {
  const sourceMaps = new Map<string, IndexedSourceMap | undefined>()
  const sourceMapOf = (file: string): IndexedSourceMap | undefined => {
    if (!sourceMaps.has(file)) {
      const json = program.readSourceMap(file)
      sourceMaps.set(file, json === undefined ? undefined : (JSON.parse(json) as IndexedSourceMap))
    }
    return sourceMaps.get(file)
  }
  Error.prepareStackTrace = (error, callSites) => {
    try {
      const frames = ownFrames(callSites).map((frame) => describe(frame, sourceMapOf))
      const shown = frames.filter((frame) => !frame.includes(LINK_NAMESPACE))
      return [heading(error), ...shown.map((frame) => `    at ${frame}`)].join('\n')
    } catch {
      return `${heading(error)}\n    at ${callSites.join('\n    at ')}`
    }
  }
}

/** Leaves out what called the function's code, the runtime or the launcher, and what called that, unless that is all there is. */
function ownFrames(callSites: NodeJS.CallSite[]): NodeJS.CallSite[] {
  const callers = callSites.findIndex((site) => {
    const file = site.getFileName()
    return file === RUNTIME_FILE || file === LAUNCHER_FILE
  })
  const own = callers === -1 ? callSites : callSites.slice(0, callers)
  return own.some((site) => !site.getFileName()?.startsWith('node:')) ? own : callSites
}

function describe(
  site: NodeJS.CallSite,
  sourceMapOf: (file: string) => IndexedSourceMap | undefined,
): string {
  const text = String(site)
  const file = site.getFileName()
  const line = site.getLineNumber()
  const column = site.getColumnNumber()
  if (!file || line === null || column === null) {
    return text
  }
  const sourceMap = sourceMapOf(file)
  if (sourceMap === undefined) {
    return text
  }
  const origin = findOrigin(sourceMap, line - 1, column - 1)
  return origin === undefined
    ? text
    : text.replace(
        `${file}:${line}:${column}`,
        () => `${pathOfSource(origin.source)}:${origin.line + 1}:${origin.column + 1}`,
      )
}

function heading(error: unknown): string {
  try {
    const { name, code, message } = error as NodeJS.ErrnoException
    return isOfNode(error) ? `${name} [${code}]: ${message}` : Error.prototype.toString.call(error)
  } catch {
    return 'Error' // A name or message whose getter throws.
  }
}

/** Whether Node.js has made an error itself, of a class of its own: those have their code in the heading. */
function isOfNode(error: unknown): boolean {
  for (let holder = error; holder; holder = Object.getPrototypeOf(holder)) {
    if (Object.getOwnPropertySymbols(holder).some(({ description }) => description === 'kIsNodeError')) {
      return true
    }
  }
  return false
}
