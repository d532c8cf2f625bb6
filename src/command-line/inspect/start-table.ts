/** What `lambdabin inspect --start` prints: how long starts take, and where the time of one goes. */
import { megabytes } from '../../compiler/package/megabytes.ts'
import type { Inspection } from '../../inspect/package/inspection.ts'
import type { Spread, StartMeasurement } from '../../inspect/start/measure-start.ts'
import { MEASURING, type TimelinePart } from '../../inspect/start/timeline.ts'
import { shortened } from './shortened.ts'

const LABEL_COLUMN = 18
const NAME_COLUMN = 52
const BAR_COLUMNS = 30
const MOST_MODULES = 15
const MOST_LOADED = 4

/** Some lines for a terminal, the last with its line break. */
export function startTable({ path }: Inspection, start: StartMeasurement): string {
  return [
    summary(path, start),
    `\n  ${'a start, traced'.padEnd(NAME_COLUMN - 2)} ${'ms'.padStart(8)}\n`,
    ...start.timeline.parts.map((part) => partRows(part, start.tracedMs, 2)),
    row('  together', start.tracedMs, ''),
    moduleRows(start),
    builtinRows(start),
    scriptRows(start),
  ].join('')
}

function summary(path: string, start: StartMeasurement): string {
  const { warm, cold, runs, invocation, pages, cpuOfMemoryMb, tracingMs, measuringMs } = start
  const lines: [string, string][] = [
    [
      'start',
      `${path}, from the process to the first next: ${words(warm)}, of ${runs} ${runs === 1 ? 'start' : 'starts'}`,
    ],
    [
      'cold',
      cold === null
        ? 'not measured: the system does not let go of the executable’s pages'
        : `${words(cold)}, with ${megabytes(cold.diskBytes ?? 0)} from the disk`,
    ],
    ...(invocation === null
      ? []
      : [
          ['invocation', `${words(invocation.ms)}${invocation.failed ? '; it failed' : ''}`] as [
            string,
            string,
          ],
        ]),
    [
      'processor',
      cpuOfMemoryMb === null ? 'all of this machine’s' : `the share that ${cpuOfMemoryMb} MB of memory buy`,
    ],
    ...(pages === null
      ? []
      : [
          [
            'memory',
            `${megabytes(pages.peakBytes)}, ${pages.minorFaults + pages.majorFaults} faults of pages, ${pages.majorFaults} of them to the disk`,
          ] as [string, string],
        ]),
    [
      'tracing',
      `takes ${milliseconds(tracingMs)} of the start below, ${milliseconds(measuringMs)} of it in the hook; those above are without it`,
    ],
  ]
  return lines.map(([label, value]) => `  ${label.padEnd(LABEL_COLUMN)} ${value}\n`).join('')
}

function partRows(part: TimelinePart, whole: number, indent: number): string {
  const from = Math.min(BAR_COLUMNS - 1, Math.floor((BAR_COLUMNS * part.begin) / whole))
  const length = Math.max(1, Math.round((BAR_COLUMNS * part.ms) / whole))
  const bar = `${' '.repeat(from)}${(part.name === MEASURING ? '.' : '#').repeat(Math.min(length, BAR_COLUMNS - from))}`
  return (
    row(`${' '.repeat(indent)}${part.name}`, part.ms, bar) +
    part.parts.map((own) => partRows(own, whole, indent + 2)).join('')
  )
}

function moduleRows({ timeline }: StartMeasurement): string {
  const shown = timeline.modules.slice(0, MOST_MODULES)
  if (shown.length === 0) {
    return ''
  }
  const head = `\n  ${'modules of the function'.padEnd(NAME_COLUMN - 2)} ${'own ms'.padStart(8)} ${'with what it needs'.padStart(20)}\n`
  const rows = shown.map(({ path, ownMs, totalMs, phase }) => {
    const later = phase === 'invocation' ? ' in the invocation' : ''
    return `${shortened(`    ${path}`, NAME_COLUMN).padEnd(NAME_COLUMN)} ${ownMs.toFixed(2).padStart(8)} ${totalMs.toFixed(2).padStart(20)}${later}\n`
  })
  const more = timeline.modules.length - shown.length
  return head + rows.join('') + (more > 0 ? `    and ${more} more; --json has all\n` : '')
}

function builtinRows({ timeline }: StartMeasurement): string {
  const rows = timeline.builtins.map(({ id, askedBy, ms, loaded }) => {
    const others = loaded.length > MOST_LOADED ? `, and ${loaded.length - MOST_LOADED} more` : ''
    return `${row(`    ${id}, for ${shortened(askedBy, NAME_COLUMN - 12 - id.length)}`, ms, '').trimEnd()}  ${loaded.slice(0, MOST_LOADED).join(', ')}${others}\n`
  })
  return rows.length === 0
    ? ''
    : `\n  ${'modules of Node.js, and what they brought'.padEnd(NAME_COLUMN - 2)} ${'ms'.padStart(8)}\n${rows.join('')}`
}

function scriptRows({ scripts }: StartMeasurement): string {
  const rows = scripts.map(({ file, compileMs, cache, cacheBytes, notInCacheBytes }) => {
    const size = cache === 'none' ? '' : ` ${(cacheBytes / 1000).toFixed(1)} kB ${cache},`
    return `    ${file.padEnd(NAME_COLUMN - 4)} ${compileMs.toFixed(2).padStart(8)} ${size} ${(notInCacheBytes / 1000).toFixed(1)} kB compiled that it had not\n`
  })
  return rows.length === 0
    ? ''
    : `\n  ${'scripts and their code caches'.padEnd(NAME_COLUMN - 2)} ${'ms'.padStart(8)}\n${rows.join('')}`
}

function row(name: string, ms: number, rest: string): string {
  return `${shortened(name, NAME_COLUMN).padEnd(NAME_COLUMN)} ${ms.toFixed(2).padStart(8)}  ${rest}`
    .trimEnd()
    .concat('\n')
}

function words({ median, least, most }: Spread): string {
  return `${milliseconds(median)} (${milliseconds(least)} to ${milliseconds(most)})`
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`
}
