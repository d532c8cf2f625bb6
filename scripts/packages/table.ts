/** The matrix as a table for docs/packages.md. */

export interface Row {
  readonly name: string
  /** Names with versions. */
  readonly packages: readonly string[]
  /** Whether it answers as on plain Node.js; undefined where there is no such answer. */
  readonly isSame: boolean | undefined
  /** What is beside the executable. */
  readonly ships: string
  /** Why it is not the same. */
  readonly reason: string
}

const [BEGIN, END] = [
  '<!-- made by npm run packages -- --write -->',
  '<!-- end of what npm run packages makes -->',
]

export function table(rows: readonly Row[]): string {
  const compared = rows.filter(({ isSame }) => isSame !== undefined)
  const same = compared.filter(({ isSame }) => isSame)
  const lines = rows.map(({ packages, name, isSame, ships, reason }) =>
    [packages.join(', ') || name, isSame ? 'yes' : isSame === undefined ? '' : 'no', ships, reason]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  )
  const head = 'packages | as on Node.js | shipped | what happens'
  return `${same.length} of ${compared.length} functions answer as on plain Node.js, with no option.\n\n| ${head} |\n|---|---|---|---|\n${lines.map((line) => `| ${line} |\n`).join('')}`
}

/** The document with the table in the place of the last. */
export function replaceTable(document: string, rows: readonly Row[]): string {
  const [start, end] = [document.indexOf(BEGIN), document.indexOf(END)]
  const [before, after] =
    start === -1
      ? [`${document}\n## The matrix\n\n`, '\n']
      : [document.slice(0, start), document.slice(end + END.length)]
  return `${before}${BEGIN}\n\n${table(rows)}\n${END}${after}`
}
