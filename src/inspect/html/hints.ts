/** What a package's author could do about its size and its starts, by what was measured, with what it would save. */
import { megabytes } from '../../compiler/package/megabytes.ts'
import type { InspectedPackage, Inspection } from '../package/inspection.ts'
import { FUNCTION, NODE, OF_FUNCTION, OF_NODE, OWN_CODE } from '../package/part-names.ts'
import { findPart, type Part } from '../package/part-tree.ts'
import { packageOf } from '../package/script-parts.ts'
import type { StartMeasurement } from '../start/measure-start.ts'

export interface Hint {
  /** A sentence. */
  readonly text: string
  /** Of the zip, and of a start: as far as it can be told. */
  readonly bytes?: number
  readonly ms?: number
}

/** The least that is worth a sentence. */
const LEAST_SHARE = 0.1
const LEAST_TEXT_BYTES = 20_000
const LEAST_FOLDER_SHARE = 0.5
/** A folder that is nearly all of its package tells nothing. */
const MOST_FOLDER_SHARE = 0.95
const LEAST_MS = 2
const LEAST_BUILTIN_MS = 1
const LEAST_ICU_BYTES = 3e6
/** More than a reader takes in is none. */
const MOST_OF_A_KIND = 3

/** Those that save most of a start first, then those that save most of the zip. */
export function hintsFor(inspection: Inspection, start: StartMeasurement | undefined): Hint[] {
  const kinds = [
    ...(start === undefined ? [] : [slowPackages(start), askedBuiltins(start), rejectedCaches(start)]),
    icuHint(inspection),
    largePackages(inspection),
    severalVersions(inspection),
  ]
  return kinds.flatMap((hints) => hints.sort(mostFirst).slice(0, MOST_OF_A_KIND)).sort(mostFirst)
}

function mostFirst(left: Hint, right: Hint): number {
  return (right.ms ?? 0) - (left.ms ?? 0) || (right.bytes ?? 0) - (left.bytes ?? 0)
}

function largePackages({ parts, packages }: Inspection): Hint[] {
  const text = findPart(parts, [FUNCTION, OF_FUNCTION.text])
  if (text === undefined || text.bytes < LEAST_TEXT_BYTES) {
    return []
  }
  return packages
    .filter(({ name, bytes }) => name !== OWN_CODE && bytes >= LEAST_SHARE * text.bytes)
    .map(({ name, bytes, zippedBytes }) => {
      const folder = largestFolder(text.parts.find((part) => part.name === name))
      const most =
        folder === undefined ? '' : `, and its ${folder.name}/ ${percent(folder.bytes, bytes)} of that`
      return { text: `${name} is ${percent(bytes, text.bytes)} of the text${most}`, bytes: zippedBytes }
    })
}

interface Folder {
  readonly name: string
  readonly bytes: number
}

/** The deepest folder of a package that has most of it. */
function largestFolder(part: Part | undefined): Folder | undefined {
  let best: Folder | undefined
  const sizes = new Map<string, number>()
  for (const { name, bytes } of part?.parts ?? []) {
    const folders = name.split('/').slice(0, -1)
    for (const [depth] of folders.entries()) {
      const folder = folders.slice(0, depth + 1).join('/')
      sizes.set(folder, (sizes.get(folder) ?? 0) + bytes)
    }
  }
  for (const [name, bytes] of sizes) {
    const share = bytes / (part?.bytes ?? 1)
    const isMost = share >= LEAST_FOLDER_SHARE && share < MOST_FOLDER_SHARE
    if (isMost && (best === undefined || name.length > best.name.length)) {
      best = { name, bytes }
    }
  }
  return best
}

function icuHint({ parts, options }: Inspection): Hint[] {
  const locales = findPart(parts, [NODE, OF_NODE.icu, 'locales'])
  if (options?.intl !== undefined || locales === undefined || locales.zippedBytes < LEAST_ICU_BYTES) {
    return []
  }
  const english = locales.parts.find(({ name }) => name === 'en')?.zippedBytes ?? 0
  const bytes = locales.zippedBytes - english
  return [
    {
      text: `ICU has ${locales.parts.length} languages, ${megabytes(bytes)} of the zip: --intl en has English only, and what of them the function needs can be named beside it`,
      bytes,
    },
  ]
}

function severalVersions({ packages }: Inspection): Hint[] {
  return packages
    .filter(({ versions }) => versions.length > 1)
    .map(({ name, versions, zippedBytes }: InspectedPackage) => ({
      text: `${name} is there in ${versions.length} versions (${versions.join(', ')}): one would do where the others’ dependents take it`,
      bytes: Math.round(zippedBytes * (1 - 1 / versions.length)),
    }))
}

function slowPackages({ timeline }: StartMeasurement): Hint[] {
  const byPackage = new Map<string, number>()
  for (const { path, ownMs, phase } of timeline.modules) {
    const { name } = packageOf(path)
    if (name !== undefined && phase === 'init') {
      byPackage.set(name, (byPackage.get(name) ?? 0) + ownMs)
    }
  }
  return [...byPackage]
    .filter(([, ms]) => ms >= LEAST_MS)
    .map(([name, ms]) => ({
      text: `${name} initialises ${ms.toFixed(1)} ms: behind an import(), where not every invocation needs it?`,
      ms,
    }))
}

function askedBuiltins({ timeline }: StartMeasurement): Hint[] {
  return timeline.builtins
    .filter(({ askedBy, ms }) => ms >= LEAST_BUILTIN_MS && askedBy.includes('/'))
    .map(({ id, askedBy, ms, loaded }) => ({
      text: `${id} is loaded for ${packageOf(askedBy).name ?? askedBy}: ${ms.toFixed(1)} ms, ${loaded.length} ${loaded.length === 1 ? 'module' : 'modules'} of Node.js`,
      ms,
    }))
}

function rejectedCaches({ scripts }: StartMeasurement): Hint[] {
  return scripts
    .filter(({ cache }) => cache === 'rejected')
    .map(({ file, compileMs }) => ({
      text: `V8 did not take the code cache of ${file}: build the package again, with the Node.js that it has`,
      ms: compileMs,
    }))
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)}%`
}
