/**
 * Makes a module find what is beside it, although it is in a bundle: what it asks for of its own path is where it would
 * be if its package were shipped as it is, which is where its package's files are shipped to.
 *
 * A `require` that it makes for that path becomes the bundle's where it is given a name, so that what it loads is bundled.
 */
import type { Span } from '../syntax-tree.ts'
import type { Location, ModuleFacts } from './module-facts.ts'
import { withoutNames } from './own/absent-names.ts'
import { type Edit, requireEdits } from './requires/made-requires.ts'
import { renameParameter } from './requires/umd-factories.ts'

/**
 * The code of a module with its own path at `place`, relative to the task root and with slashes. It stands in a chunk,
 * whose wrapper has the names that are used here.
 */
export function locateModule(code: string, facts: ModuleFacts, place: string): string {
  const edits = [
    ...facts.importedNames.flatMap((span) => importFrom(span, place)),
    ...facts.locations.map((location) => locate(location, place)),
    ...facts.requires.map(({ isShorthand, ...span }) => ({
      ...span,
      text: isShorthand ? `require: ${requireAt(place)}` : requireAt(place),
    })),
    ...facts.madeRequires.flatMap(requireEdits),
    ...facts.factoryRequires.map(renameParameter),
  ]
  return edited(code, edits) + withoutNames(facts.absentNames ?? [])
}

function locate({ kind, isShorthand, ...span }: Location, place: string): Edit {
  const text = locationText(kind, place)
  return { start: span.start, end: span.end, text: isShorthand ? `${kind}: ${text}` : text }
}

function locationText(kind: Location['kind'], place: string): string {
  switch (kind) {
    case 'import.meta.url':
      return `new URL(${JSON.stringify(encodeURI(place))}, __importMeta.url).href`
    case '__filename':
    case 'import.meta.filename':
    case 'module.filename':
      return fileAt(place)
    default:
      return fileAt(place.slice(0, Math.max(0, place.lastIndexOf('/'))))
  }
}

function fileAt(place: string): string {
  return `(__importMeta.dirname + ${JSON.stringify(`/${place}`)})`
}

/** A relative name is one from where the module would be. */
function importFrom({ start, end }: Span, place: string): Edit[] {
  const base = `new URL(${JSON.stringify(encodeURI(place))}, __importMeta.url)`
  return [
    { start, end: start, text: `((name) => /^\\.\\.?\\//.test(name) ? new URL(name, ${base}).href : name)(` },
    { start: end, end, text: ')' },
  ]
}

function requireAt(place: string): string {
  return `process.getBuiltinModule("node:module").createRequire${fileAt(place)}`
}

/** Of edits of one place, the first counts. */
export function edited(code: string, edits: readonly Edit[]): string {
  let result = ''
  let at = 0
  for (const { start, end, text } of edits.toSorted((left, right) => left.start - right.start)) {
    if (start >= at) {
      result += code.slice(at, start) + text
      at = end
    }
  }
  return result + code.slice(at)
}
