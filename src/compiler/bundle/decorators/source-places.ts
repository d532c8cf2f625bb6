/**
 * Where esbuild's errors and warnings are in the source of a module that esbuild has been given another text of, with a source map in
 * it: esbuild tells lines of that text, which nobody has written.
 */
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { resolve } from 'node:path'
import type { Location, Message, PluginBuild } from 'esbuild'

const MAP = /\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)/g

/** `textOf` tells what esbuild has been given in the place of a file, by its absolute path. */
export function tellSourcePlaces(build: PluginBuild, textOf: (file: string) => string | undefined): void {
  const folder = build.initialOptions.absWorkingDir ?? process.cwd()
  const place = (location: Location): Location => {
    const file = resolve(folder, location.file)
    const text = textOf(file)
    return text === undefined ? location : (sourcePlace(location, text, file) ?? location)
  }
  const tell = (message: Pick<Message, 'location'>) => {
    if (message.location !== null) {
      message.location = place(message.location)
    }
  }
  build.onEnd(({ errors, warnings }) => {
    // What esbuild then throws has these very objects.
    for (const message of [...errors, ...warnings]) {
      tell(message)
      message.notes.forEach(tell)
    }
  })
}

function sourcePlace(location: Location, text: string, file: string): Location | undefined {
  const map = [...text.matchAll(MAP)].at(-1)?.[1]
  const lines = map === undefined ? [] : linesOf(file)
  if (map === undefined || lines.length === 0) {
    return undefined
  }
  const bytes = Buffer.from(location.lineText)
  const { column, length } = location
  const origin = new SourceMap(JSON.parse(Buffer.from(map, 'base64').toString())).findEntry(
    location.line - 1,
    bytes.subarray(0, column).toString().length,
  )
  if (!('originalLine' in origin)) {
    return undefined
  }
  const start = { line: origin.originalLine, index: origin.originalColumn }
  const token = bytes.subarray(column, column + length).toString()
  const found = findToken(lines, start, token)
  const { line, index } = found ?? start
  const lineText = lines[line] ?? ''
  return {
    ...location,
    line: line + 1,
    column: Buffer.byteLength(lineText.slice(0, index)),
    length: found === undefined ? 0 : length,
    lineText,
  }
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r\n|[\r\n\u2028\u2029]/)
  } catch {
    return [] // It is gone since.
  }
}

/**
 * Where the same is written from `start` on: a map leads to the beginning of what a compiler has read, which may have more lines than
 * its own. Of a text in quotes, these may be others.
 */
function findToken(lines: readonly string[], start: { line: number; index: number }, token: string) {
  const tokens = /^(["']).*\1$/.test(token)
    ? ['"', "'", '`'].map((quote) => quote + token.slice(1, -1) + quote)
    : [token]
  for (let line = start.line; token !== '' && line < lines.length; line++) {
    const from = line === start.line ? start.index : 0
    const [index] = tokens
      .map((each) => lines[line]?.indexOf(each, from) ?? -1)
      .filter((each) => each !== -1)
      .sort((left, right) => left - right)
    if (index !== undefined) {
      return { line, index }
    }
  }
  return undefined
}
