/** The parts of the documentation that a program writes, between two markers. */

import { readFileSync, writeFileSync } from 'node:fs'

export interface Markers {
  readonly start: string
  readonly end: string
}

export const BENCHMARK: Markers = {
  start: '<!-- made by npm run bench -- --write -->',
  end: '<!-- end of what npm run bench makes -->',
}

/** Puts `content` between the two markers. Throws where they are not both there, once and in this order. */
export function replaceSection(document: string, content: string, { start, end } = BENCHMARK): string {
  const parts = document.split(start)
  const rest = parts[1]?.split(end)
  if (parts.length !== 2 || rest?.length !== 2) {
    throw new Error(`expected the lines ${start} and ${end}, each once and in this order; put them back`)
  }
  return `${parts[0]}${start}\n\n${content}\n\n${end}${rest[1]}`
}

export function writeSection(file: string, content: string, markers = BENCHMARK): void {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), content, markers))
}
