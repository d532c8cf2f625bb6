/** What `lambdabin build` tells about what it built, for people and for programs. */

import { relative } from 'node:path'
import process from 'node:process'
import type { BuiltFunction } from '../../api/build.ts'
import { LAMBDA_RUNTIMES } from '../../compiler/package/lambda-runtimes.ts'
import { megabytes } from '../../compiler/package/megabytes.ts'
import type { ShippedPackage } from '../../compiler/package/shipped-packages.ts'
import type { Step } from '../../compiler/steps.ts'
import { budgetLines } from './budget-report.ts'
import { toldOnce } from './told-once.ts'

/**
 * AWS Lambda takes a zip of up to 50 MB directly, and a package of up to 250 MB unpacked; its guide counts in
 * MiB.
 */
const DIRECT_UPLOAD_BYTES = 50 * 1024 * 1024
const UNPACKED_BYTES = 250 * 1024 * 1024

/** In bytes. Of a package of 150 MB, aws-cdk-lib, esbuild had 6.6 GB for five minutes, and the bundle was of no use on Lambda. */
const MOST_TO_BUNDLE = 100 * 1024 * 1024

export function stepLine({ name, ms }: Step): string {
  return `  ${name.padEnd(16)} ${seconds(ms).padStart(7)}\n`
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Some lines for a terminal, the last with its line break. */
export function textReport(built: BuiltFunction): string {
  const lines: [string, string][] = [
    ['package', `${describePackage(built)}${built.isUnchanged ? ', unchanged' : ''}`],
    describeExecutable(built),
    ...handlers(built),
    ...(built.isForLayer && built.glibc === undefined ? [] : systems(built)),
    ...(built.sbom === undefined ? [] : [['sbom', relative(process.cwd(), built.sbom)] as [string, string]]),
  ]
  const text = lines.map(([label, value]) => row(label, value)).join('')
  return `\n${text}${remarks(built)}\n`
}

function systems({ glibc, runtimes, tooNew }: BuiltFunction): [string, string][] {
  return [
    ['needs', glibc === undefined ? 'no glibc' : `glibc ${glibc}`],
    ['runs on', describeRuntimes(runtimes, tooNew)],
  ]
}

function describeExecutable({
  executableBytes,
  nodeVersion,
  arch,
  locales,
}: BuiltFunction): [string, string] {
  const node = `Node.js ${nodeVersion}, ${arch}${locales ? `, Intl for ${locales.join(', ')}` : ''}`
  return executableBytes === undefined
    ? ['layer', `needs one of lambdabin layer, made for ${node}`]
    : ['executable', `${megabytes(executableBytes)}, ${node}`]
}

/** What Lambda's handler setting can be, where that is more than the function's name. */
function handlers({ handlers = [], name }: BuiltFunction): [string, string][] {
  const isPlain = handlers.length === 1 && handlers[0] === name
  return handlers.length === 0 || isPlain ? [] : [['handlers', handlers.join(', ')]]
}

/** One of several functions: a line, and what there is to say besides. */
export function shortReport(built: BuiltFunction): string {
  const ms = built.steps.reduce((sum, step) => sum + step.ms, 0)
  const how = built.isUnchanged ? 'unchanged' : seconds(ms)
  return `  ${built.name.padEnd(16)} ${describePackage(built)}, ${how}\n${remarks(built)}`
}

/** The zip, or the folder where there is none. */
export function describePackage({
  zip,
  folder = '',
  zipBytes,
  unpackedBytes,
}: Pick<BuiltFunction, 'zip' | 'folder' | 'zipBytes' | 'unpackedBytes'>): string {
  const path = zip ?? folder
  return `${relative(process.cwd(), path) || path}, ${shownBytes(zipBytes ?? unpackedBytes)}`
}

function row(label: string, value: string): string {
  return `  ${label.padEnd(16)} ${value}\n`
}

function remarks(built: BuiltFunction): string {
  const told = toldOnce(built)
  const warnings = packageWarnings(built).map((warning) => `  warning: ${warning}\n`)
  const notes = [...told.packageNotes, ...told.notes, ...frozenEnvironment(built)].map(
    (note) => `  note: ${note}
`,
  )
  const ships = shippedLines(built.shipped).map((line) => row('ships', line))
  const connects = (built.foundHosts ?? []).map((host) => row('connects to', host))
  const unanswered = built.unanswered.map((stub) => `\n${stub}\n`)
  return [...ships, ...connects, ...warnings, ...notes, ...unanswered, budgetLines(built.budget)].join('')
}

/** A line for each package that is shipped for a reason of its own, with those that it needs. */
function shippedLines(shipped: readonly ShippedPackage[]): string[] {
  return shipped
    .filter(({ reason }) => reason !== undefined)
    .map((each) => {
      const needed = neededFor(each, shipped)
      const bytes = [each, ...needed].reduce((sum, one) => sum + one.bytes, 0)
      const others =
        needed.length === 0
          ? ''
          : ` (and ${needed.length === 1 ? needed[0]?.name : `${needed.length} packages`} for it)`
      const what = each.isBundled
        ? `${each.files} files of ${each.name}`
        : `${each.name} ${each.version ?? ''}`.trim()
      return `${what}${others}, ${megabytes(bytes)}: it ${each.reason}`
    })
}

/** What is shipped for a package only, directly or not. */
function neededFor({ name }: ShippedPackage, shipped: readonly ShippedPackage[]): ShippedPackage[] {
  const found: ShippedPackage[] = []
  const names = new Set([name])
  for (const each of shipped) {
    if (each.reason === undefined && each.neededBy !== undefined && names.has(each.neededBy)) {
      names.add(each.name)
      found.push(each)
    }
  }
  return found
}

/** What a function that was initialised at build time will not see on AWS Lambda. */
function frozenEnvironment({ environmentRead }: BuiltFunction): string[] {
  if (environmentRead.length === 0) {
    return []
  }
  const names = new Intl.ListFormat('en').format(environmentRead)
  return [
    `the function read environment variables as it initialised (${names}) and keeps what it found at build time; ` +
      'read them in the handler, or in a hook of onAfterRestore',
  ]
}

/** What will not work on AWS Lambda: what does not initialise, is too big, or for another machine. */
export function packageWarnings(built: BuiltFunction): string[] {
  const { zipBytes = 0, unpackedBytes, packagesWithoutAddon, arch, initFailure, noHandler } = built
  return [
    ...[initFailure, noHandler].filter((warning) => warning !== undefined),
    ...packagesWithoutAddon.map(
      (name) =>
        `${name} has native addons, but none for Linux on ${arch}; install it for that: npm install --os=linux --cpu=${arch} ${name}`,
    ),
    ...(zipBytes > DIRECT_UPLOAD_BYTES
      ? [
          `the zip is ${megabytes(zipBytes)}, and AWS Lambda takes up to 50 MB directly; upload it to Amazon S3 and use --s3-bucket and --s3-key`,
        ]
      : []),
    ...(unpackedBytes > UNPACKED_BYTES
      ? [
          `the package is ${megabytes(unpackedBytes)} unpacked, and AWS Lambda refuses more than 250 MB; ${largestShipped(built)}`,
        ]
      : []),
  ]
}

/** What takes most of a package that is too big, with what to do: what is included, if no packages are shipped. */
function largestShipped({ shipped }: BuiltFunction): string {
  const [first] = shipped.toSorted((left, right) => right.bytes - left.bytes)
  return first === undefined
    ? 'include less'
    : `of what is shipped, ${first.name} takes most, ${megabytes(first.bytes)}${first.neededBy === undefined ? '' : `, for ${first.neededBy}`}: ${remedyFor(first)}`
}

function remedyFor({ name, bytes, reason = '', isBundled }: ShippedPackage): string {
  const without = 'do without it where it is imported for little'
  if (isBundled) {
    return `${without}, or include less`
  }
  if (reason.includes('--external')) {
    return `${without}, name it no more with --external, or include less`
  }
  return bytes > MOST_TO_BUNDLE
    ? `${without}, or import its types alone, with import type; to bundle that much takes minutes and gigabytes of memory`
    : `${without}, bundle it with --bundle ${name}, or include less`
}

/** The members of a function in {@link jsonReport} that are paths, or null. */
export const JSON_PATHS = ['entry', 'zip', 'folder', 'sbom'] as const

/** The object that `--json` prints: other people's scripts read it. Sizes are bytes, paths absolute. */
export function jsonReport(functions: readonly BuiltFunction[]) {
  return {
    functions: functions.map((built) => ({
      name: built.name,
      entry: built.entry,
      zip: built.zip ?? null,
      folder: built.folder ?? null,
      sbom: built.sbom ?? null,
      budget: built.budget ?? null,
      zipBytes: built.zipBytes ?? null,
      executableBytes: built.executableBytes ?? null,
      forLayer: built.isForLayer,
      unpackedBytes: built.unpackedBytes,
      // The name that this list has had from the first; a report's names stay.
      shortcomings: built.notes,
      environmentRead: built.environmentRead,
      unanswered: built.unanswered,
      foundHosts: built.foundHosts ?? [],
      packages: built.shipped.map(({ name, version, place, reason, neededBy, isBundled, files, bytes }) => ({
        ...{ name, version: version ?? null, place, reason: reason ?? null, neededBy: neededBy ?? null },
        ...{ isBundled, files, bytes },
      })),
      notes: built.packageNotes,
      CodeSha256: built.codeSha256 ?? null,
      arch: built.arch,
      nodeVersion: built.nodeVersion,
      intl: built.locales ?? null,
      glibc: built.glibc ?? null,
      runtimes: built.runtimes,
      exports: built.exports ?? null,
      handlers: built.handlers ?? null,
      warnings: [...built.warnings.map(({ text }) => text), ...packageWarnings(built)],
      unchanged: built.isUnchanged,
      steps: built.steps,
    })),
  }
}

function describeRuntimes(names: readonly string[], [file, ...others]: readonly string[] = []): string {
  if (names.length === 0 && file !== undefined) {
    const files = others.length === 0 ? file : `${file} and ${others.length} more`
    // Another Node.js would not help: it is not Node.js that needs them.
    return `none of AWS Lambda’s runtimes: what ${files} needs of the system is too new; take another version of it, or compile it on Amazon Linux 2023`
  }
  if (names.length === 0) {
    return 'none of AWS Lambda’s runtimes: its libraries are too new; make it of another Node.js with --node'
  }
  return LAMBDA_RUNTIMES.filter(({ name }) => names.includes(name))
    .map(({ name, note }) => (note === undefined ? name : `${name} (${note})`))
    .join(', ')
}

function shownBytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : megabytes(bytes)
}
