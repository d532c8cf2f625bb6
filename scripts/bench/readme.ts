/** The part of the README that the benchmark writes. */

import { readFileSync, writeFileSync } from 'node:fs'

const START = '<!-- made by npm run bench -- --write -->'
const END = '<!-- end of what npm run bench makes -->'

/** Puts `content` between the two markers. Throws where they are not both there, once and in this order. */
export function replaceSection(document: string, content: string): string {
  const parts = document.split(START)
  const rest = parts[1]?.split(END)
  if (parts.length !== 2 || rest?.length !== 2) {
    throw new Error(`expected the lines ${START} and ${END}, each once and in this order; put them back`)
  }
  return `${parts[0]}${START}\n\n${content}\n\n${END}${rest[1]}`
}

export function writeReadmeSection(file: string, content: string): void {
  writeFileSync(file, replaceSection(readFileSync(file, 'utf8'), content))
}
