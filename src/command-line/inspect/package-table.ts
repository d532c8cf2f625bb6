/** The table that `lambdabin inspect` prints: what a package is, and what each of its parts takes. */

import { megabytes } from '../../compiler/package/megabytes.ts'
import type { InspectedModule, InspectedPackage, Inspection } from '../../inspect/package/inspection.ts'
import { recordedOptionWords } from '../../inspect/package/option-words.ts'
import type { Part } from '../../inspect/package/part-tree.ts'
import type { InspectedSbom } from '../../inspect/package/read-sbom.ts'
import { shortened } from './shortened.ts'

const LABEL_COLUMN = 18
const NAME_COLUMN = 64
const NUMBER_COLUMN = 12
/** Of parts with many parts of their own, those that are shown; the others are one line. */
const MOST_PARTS = 12
const MOST_MODULES = 10
const DEEPEST = 3

/** Some lines for a terminal, the last with its line break. */
export function packageTable(inspection: Inspection): string {
  return [
    summary(inspection),
    `\n${row('', 'zipped', 'unpacked', '')}`,
    ...inspection.parts.parts.map((part) => partRows(part, inspection.zipBytes, 1)),
    `${row('  together', bytes(inspection.zipBytes), bytes(inspection.unpackedBytes), '100.0%')}`,
    packageRows(inspection),
    moduleRows(inspection.modules),
    remarks(inspection),
  ].join('')
}

function summary(inspection: Inspection): string {
  const { path, zipBytes, unpackedBytes, lambdabin, format } = inspection
  const made = [
    ...(lambdabin === null ? [] : [`version ${lambdabin}`]),
    ...(format === null ? [] : [`format ${format}`]),
  ]
  const options = recordedOptionWords(inspection.options)
  const lines: [string, string][] = [
    ['package', `${path}, ${megabytes(zipBytes)}, ${megabytes(unpackedBytes)} unpacked`],
    ['lambdabin', made.join(', ')],
    ...(inspection.executables.length === 0 ? OF_A_LAYER : programLines(inspection)),
    ...(inspection.sbom === null ? [] : [['sbom', sbomWords(inspection.sbom)] as [string, string]]),
    ...(options.length === 0 ? [] : [['options', options.join(' ')] as [string, string]]),
  ]
  return lines.map(([label, value]) => `  ${label.padEnd(LABEL_COLUMN)} ${value}\n`).join('')
}

/** What the scripts of a function alone do not tell. */
const OF_A_LAYER: [string, string][] = [['layer', 'needs one of lambdabin layer, which has Node.js']]

function programLines({ nodeVersion, arch, glibc, runtimes }: Inspection): [string, string][] {
  const node = [nodeVersion ?? 'of an unknown version', ...(arch === null ? [] : [arch])]
  return [
    ['Node.js', node.join(', ')],
    ['needs', glibc === null ? 'no glibc' : `glibc ${glibc}`],
    ['runs on', runtimes.join(', ') || 'none of AWS Lambda’s runtimes'],
  ]
}

function sbomWords({ file, specVersion, components, isOfThisZip }: InspectedSbom): string {
  const of = isOfThisZip === false ? '; it is another package’s' : ''
  const byLicense = Map.groupBy(
    components.flatMap(({ licenses }) => (licenses.length === 0 ? ['none told'] : licenses)),
    (license) => license,
  )
  const licenses = [...byLicense]
    .sort(([, left], [, right]) => right.length - left.length)
    .map(([name, those]) => `${name} ${those.length}`)
  return `${file}, CycloneDX ${specVersion}, ${components.length} components (${licenses.join(', ')})${of}`
}

function partRows(part: Part, zipBytes: number, depth: number): string {
  const own = row(
    `${'  '.repeat(depth)}${part.name}`,
    bytes(part.zippedBytes),
    bytes(part.bytes),
    share(part.zippedBytes, zipBytes),
  )
  if (depth === DEEPEST) {
    return own
  }
  const shown = part.parts.length > MOST_PARTS ? part.parts.slice(0, MOST_PARTS - 1) : part.parts
  const others = part.parts.slice(shown.length)
  const rest: Part[] =
    others.length === 0
      ? []
      : [
          {
            name: `${others.length} others`,
            bytes: sum(others, (other) => other.bytes),
            zippedBytes: sum(others, (other) => other.zippedBytes),
            parts: [],
          },
        ]
  return own + [...shown, ...rest].map((each) => partRows(each, zipBytes, depth + 1)).join('')
}

function packageRows({ packages }: Inspection): string {
  if (packages.length === 0) {
    return ''
  }
  const shown = packages.slice(0, MOST_PARTS)
  const more = packages.length - shown.length
  return [
    `\n${row('  the function’s text, by package', 'zipped', 'unpacked', '')}`,
    ...shown.map((each) => row(`    ${packageWords(each)}`, bytes(each.zippedBytes), bytes(each.bytes), '')),
    more > 0 ? `    and ${more} more; --json has all\n` : '',
  ].join('')
}

function packageWords({ name, versions, modules }: InspectedPackage): string {
  const count = `${modules} ${modules === 1 ? 'module' : 'modules'}`
  return `${[name, versions.join(' and ')].filter((word) => word !== '').join(' ')}, ${count}`
}

const EVALUATED = {
  start: 'evaluated by a start',
  'import()': 'behind an import()',
  build: 'evaluated by the build',
} as const

function moduleRows(modules: readonly InspectedModule[]): string {
  if (modules.length === 0) {
    return ''
  }
  const counts = Object.entries(EVALUATED).flatMap(([when, words]) => {
    const own = modules.filter(({ evaluated }) => evaluated === when)
    return own.length === 0
      ? []
      : [
          row(
            `    ${own.length} ${words}`,
            bytes(sum(own, (each) => each.zippedBytes)),
            bytes(sum(own, (each) => each.bytes)),
            '',
          ),
        ]
  })
  const largest = modules.slice(0, MOST_MODULES).map(({ path, evaluated, bytes: size, zippedBytes }) => {
    const later = evaluated === 'import()' ? ' (import())' : ''
    return row(`    ${shortened(path, NAME_COLUMN - 16)}${later}`, bytes(zippedBytes), bytes(size), '')
  })
  return [
    ...(counts.length === 0 ? [] : [`\n${row('  modules', 'zipped', 'unpacked', '')}`, ...counts]),
    `\n${row('  the largest modules', 'zipped', 'unpacked', '')}`,
    ...largest,
  ].join('')
}

function remarks({ leftOut, shipped, warnings, notes }: Inspection): string {
  const out = leftOut === null ? [] : leftOutWords(leftOut)
  const ships = shipped
    .filter(({ reason }) => reason !== undefined)
    .map(({ name, version, reason }) => `${[name, version].filter(Boolean).join(' ')}: it ${reason}`)
  const lines = [
    ...(out.length === 0 ? [] : [`left out of Node.js: ${out.join(', ')}`]),
    ...ships.map((line) => `ships ${line}`),
    ...warnings.map((line) => `warning: ${line}`),
    ...notes.map((line) => `note: ${line}`),
  ]
  return lines.length === 0 ? '' : `\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function leftOutWords(leftOut: NonNullable<Inspection['leftOut']>): string[] {
  const all: [string, number | null][] = [
    ['symbols and debug information', leftOut.symbols],
    ['ICU data', leftOut.icuData],
    ['the TypeScript parser', leftOut.typeScriptParser],
    ['unwind tables', leftOut.unwindTables],
  ]
  return all.flatMap(([name, size]) => (size ? [`${name} ${megabytes(size)}`] : []))
}

function row(name: string, zipped: string, unpacked: string, part: string): string {
  const numbers = `${zipped.padStart(NUMBER_COLUMN)} ${unpacked.padStart(NUMBER_COLUMN)} ${part.padStart(7)}`
  return `${shortened(name, NAME_COLUMN).padEnd(NAME_COLUMN)} ${numbers}`.trimEnd().concat('\n')
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)}%`
}

/** Whole bytes, so that whoever adds them up finds the sum: `35,772,783`. */
function bytes(count: number): string {
  return count.toLocaleString('en-US')
}
