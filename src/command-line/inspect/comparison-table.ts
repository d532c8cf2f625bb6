/** What `lambdabin inspect a.zip b.zip` prints: what the second has more and less than the first. */
import type { Inspected } from '../../api/inspect.ts'
import type { PackageComparison } from '../../inspect/compare/compare-packages.ts'

const NAME_COLUMN = 64
const MOST_CHANGES = 30

/** Some lines for a terminal, the last with its line break. */
export function comparisonTable(before: Inspected, now: Inspected, comparison: PackageComparison): string {
  const shown = comparison.changes.slice(0, MOST_CHANGES)
  const more = comparison.changes.length - shown.length
  const { start: startBefore } = before
  const { start: startNow } = now
  return [
    `  ${before.inspection.path} and ${now.inspection.path}\n\n`,
    row('', 'before', 'now', ''),
    sizes('  the zip', before.inspection.zipBytes, now.inspection.zipBytes),
    sizes('  unpacked', before.inspection.unpackedBytes, now.inspection.unpackedBytes),
    startBefore === undefined || startNow === undefined
      ? ''
      : times('  a start, to the first next', startBefore.warm.median, startNow.warm.median),
    `\n${row('  what is not the same, in bytes of the zip', 'before', 'now', '')}`,
    ...shown.map(({ part, before: was, now: is }) => sizes(`    ${part}`, was, is)),
    ...(more > 0 ? [`    and ${more} more; --json has all\n`] : []),
    shown.length === 0 ? '    nothing\n' : '',
    packageLines(comparison),
  ].join('')
}

function packageLines({ packages }: PackageComparison): string {
  const lines = packages.map(({ name, before, now }) => {
    const words = (versions: readonly string[]) => (versions.length === 0 ? 'none' : versions.join(' and '))
    return `    ${name}: ${words(before)} before, ${words(now)} now\n`
  })
  return lines.length === 0 ? '' : `\n  packages in the function’s text\n${lines.join('')}`
}

function sizes(name: string, before: number, now: number): string {
  const words = (count: number) => count.toLocaleString('en-US')
  return row(name, words(before), words(now), `${now > before ? '+' : ''}${words(now - before)}`)
}

function times(name: string, before: number, now: number): string {
  const words = (ms: number) => `${ms.toFixed(1)} ms`
  return row(name, words(before), words(now), `${now > before ? '+' : ''}${words(now - before)}`)
}

function row(name: string, before: string, now: string, change: string): string {
  const numbers = [before, now, change].map((text) => text.padStart(12)).join(' ')
  return `${name.padEnd(NAME_COLUMN)} ${numbers}`.trimEnd().concat('\n')
}
