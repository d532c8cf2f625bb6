import type { SourceMap } from 'node:module'
import { pathOfSource } from '../../executable/source-map.ts'

/** Where something stands in a source. Line and column count from 1. */
interface SourceOrigin {
  readonly path: string
  readonly line: number
  readonly column: number
}

/** Where what is at a line and column of the generated code, counted from 1, comes from; undefined where nothing says so. */
export function originOf(map: SourceMap, line: number, column: number): SourceOrigin | undefined {
  const origin = map.findEntry(line - 1, column - 1)
  return 'originalSource' in origin
    ? {
        path: pathOfSource(origin.originalSource),
        line: origin.originalLine + 1,
        column: origin.originalColumn + 1,
      }
    : undefined
}
