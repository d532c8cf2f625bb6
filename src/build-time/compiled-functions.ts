/**
 * Compiles functions without calling them, for a startup snapshot: what an invocation runs has not run while the snapshot
 * is made, and each environment would have to compile it.
 *
 * V8 has no interface for that, but compiles a function when a debugger asks where in it there could be breakpoints. With
 * an AWS SDK and zod, the first invocation takes 1.6 ms instead of 3.0 by it.
 */

import type { Debugger } from 'node:inspector'
import type { FunctionRanges } from './contract.ts'
import { openSession } from './inspector/session.ts'

/** A script, and the functions in it that are to be compiled. */
export interface ScriptToCompile {
  /** The name that V8 knows it by, an absolute path. */
  readonly file: string
  readonly text: string
  readonly functions: FunctionRanges | 'all'
}

export function compileFunctions(scripts: readonly ScriptToCompile[]): void {
  const scriptIds = new Map<string, string>()
  const session = openSession((method, parameters) => {
    if (method === 'Debugger.scriptParsed') {
      const { url, scriptId } = parameters as Debugger.ScriptParsedEventDataType
      scriptIds.set(url, scriptId)
    }
  })
  session.post('Debugger.enable')
  for (const { file, text, functions } of scripts) {
    // An inspector is told of files by their URLs.
    const scriptId = scriptIds.get(`file://${file}`) ?? scriptIds.get(file)
    if (scriptId === undefined) {
      continue
    }
    const locate = locationsIn(text, scriptId)
    const restrictToFunction = functions !== 'all'
    for (const [start, end] of restrictToFunction ? functions : [[0, text.length] as const]) {
      const range = { start: locate(start), end: locate(end), restrictToFunction }
      session.post('Debugger.getPossibleBreakpoints', range)
    }
  }
  session.post('Debugger.disable')
  session.disconnect()
}

/**
 * Turns offsets in a text into lines and columns. Without a regular expression: V8 keeps what the last one was matched
 * with, and here the whole text would be in the snapshot once more.
 */
function locationsIn(text: string, scriptId: string): (offset: number) => Debugger.Location {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    lineStarts.push(at + 1)
  }
  return (offset) => {
    const lineNumber = lineStarts.findLastIndex((start) => start <= offset)
    return { scriptId, lineNumber, columnNumber: offset - (lineStarts[lineNumber] ?? 0) }
  }
}
