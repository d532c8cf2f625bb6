/**
 * Compiles functions without calling them, for a startup snapshot: what an invocation runs has not run while the snapshot
 * is made, and each environment would have to compile it.
 *
 * V8 has no interface for that, but compiles a function when a debugger asks where in it there could be breakpoints. With
 * an AWS SDK and zod, the first invocation takes 1.6 ms instead of 3.0 by it.
 */

import type { Debugger } from 'node:inspector'
import { nodeBinding } from '../runtime/node-binding.ts'
import type { FunctionRanges } from './contract.ts'

interface Session {
  post(method: string, parameters?: object): void
  disconnect(): void
}

/** Node.js's own half of a session of `node:inspector`, which gets and gives JSON. */
type Connection = new (
  onMessage: (message: string) => void,
) => { dispatch(message: string): void; disconnect(): void }

/** A script, and the functions in it that are to be compiled. */
export interface ScriptToCompile {
  /** The name that V8 knows it by, an absolute path. */
  readonly file: string
  readonly text: string
  readonly functions: FunctionRanges | 'all'
}

export function compileFunctions(scripts: readonly ScriptToCompile[]): void {
  const scriptIds = new Map<string, string>()
  const session = openSession(({ url, scriptId }) => scriptIds.set(url, scriptId))
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

/** Undefined where Node.js does not give it away, or calls it something else. */
export function inspectorConnection(): Connection | undefined {
  return nodeBinding<{ Connection?: Connection }>('inspector')?.Connection
}

/** A session with the process's own inspector; `onScript` is told each script that there is. */
function openSession(onScript: (script: Debugger.ScriptParsedEventDataType) => void): Session {
  const onMessage = ({ method, params }: { method?: string; params?: unknown }) => {
    if (method === 'Debugger.scriptParsed') {
      onScript(params as Debugger.ScriptParsedEventDataType)
    }
  }
  // `node:inspector` loads `node:worker_threads` with all that this needs, and it would all be in the snapshot: 0.4 ms of
  // each start.
  const Connection = inspectorConnection()
  if (Connection === undefined) {
    const { Session } = process.getBuiltinModule('node:inspector')
    const session = new Session()
    session.on('inspectorNotification', onMessage)
    session.connect()
    return session
  }
  const connection = new Connection((text) => onMessage(JSON.parse(text)))
  let id = 0
  return {
    post: (method, params = {}) => {
      id += 1
      connection.dispatch(JSON.stringify({ id, method, params }))
    },
    disconnect: () => connection.disconnect(),
  }
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
