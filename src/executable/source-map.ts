/**
 * Source maps that are read where they are asked, and not as a whole.
 *
 * To decode the map of a function with the AWS SDK takes 40 ms of a CPU, half a second at 128 MB, and an invocation that
 * fails would wait for it. So the build notes, every some segments, what is to be known to decode from there on; the map
 * stays one that others can read: https://tc39.es/ecma426/ lets producers add fields that begin with `x_`.
 */

export interface IndexedSourceMap {
  readonly sources: readonly (string | null)[]
  readonly mappings: string
  /** Six numbers for each place that decoding can begin at, in their order: those of {@link Place}. */
  readonly x_lambdabin_places?: readonly number[]
}

/** Where something stands in a source. Line and column count from 0. */
export interface Origin {
  readonly source: string
  readonly line: number
  readonly column: number
}

/** What is known at a place in the mappings, all counted from 0, and what the numbers of the next segment are relative to. */
interface Place {
  /** Of the next segment in the mappings, in characters. */
  offset: number
  generatedLine: number
  generatedColumn: number
  source: number
  line: number
  column: number
}

const NUMBERS_PER_PLACE = 6
const SEGMENTS_BETWEEN_PLACES = 256
const COMMA = 0x2c
const SEMICOLON = 0x3b
/** In a digit of base 64: five bits of a number, and whether another digit of it follows. */
const CONTINUES = 0b100000

/** The text of the map with places to begin at; as it is where it has a form that is not known. */
export function withPlaces(json: string): string {
  const map = JSON.parse(json) as IndexedSourceMap & { names?: unknown; sections?: unknown }
  if (typeof map.mappings !== 'string' || map.sections !== undefined) {
    return json
  }
  const places: number[] = []
  let count = 0
  const place = atBeginning()
  do {
    if (count++ % SEGMENTS_BETWEEN_PLACES === 0) {
      const { offset, generatedLine, generatedColumn, source, line, column } = place
      places.push(offset, generatedLine, generatedColumn, source, line, column)
    }
  } while (readSegment(map.mappings, place) !== undefined)
  return json.replace(/\s*\}\s*$/, () => `,\n  "x_lambdabin_places": [${places.join(',')}]\n}\n`)
}

/** Where what is at a line and column of the generated code, counted from 0, comes from; undefined where nothing says so. */
export function findOrigin(map: IndexedSourceMap, line: number, column: number): Origin | undefined {
  const place = placeBefore(map.x_lambdabin_places ?? [], line, column)
  let found: Origin | undefined
  for (;;) {
    const hasOrigin = readSegment(map.mappings, place)
    if (hasOrigin === undefined || isBeyond(place, line, column)) {
      return found
    }
    const source = map.sources[place.source]
    found = hasOrigin && source ? { source, line: place.line, column: place.column } : undefined
  }
}

/** The path of a source, as the file is called: in source maps it is a URL, `src/%5Bid%5D.ts` for `src/[id].ts`. */
export function pathOfSource(source: string): string {
  try {
    return decodeURIComponent(source)
  } catch {
    return source // Of a package whose own source map has a path in the place of a URL, with a percent sign.
  }
}

function atBeginning(): Place {
  return { offset: 0, generatedLine: 0, generatedColumn: 0, source: 0, line: 0, column: 0 }
}

/** A place to decode from, for what is at the line and column: its segment is among the next ones, at most two stretches away. */
function placeBefore(places: readonly number[], line: number, column: number): Place {
  let low = 0
  let high = places.length / NUMBERS_PER_PLACE
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBeyond(placeAt(places, middle), line, column)) {
      high = middle
    } else {
      low = middle + 1
    }
  }
  // What is known at the last place that is not beyond does not tell whether the segment before it has an origin: so the one before.
  return low < 2 ? atBeginning() : placeAt(places, low - 2)
}

function placeAt(places: readonly number[], index: number): Place {
  const [offset = 0, generatedLine = 0, generatedColumn = 0, source = 0, line = 0, column = 0] = places.slice(
    index * NUMBERS_PER_PLACE,
    (index + 1) * NUMBERS_PER_PLACE,
  )
  return { offset, generatedLine, generatedColumn, source, line, column }
}

function isBeyond({ generatedLine, generatedColumn }: Place, line: number, column: number): boolean {
  return generatedLine > line || (generatedLine === line && generatedColumn > column)
}

/** Moves `place` behind the next segment. Returns whether that has an origin; undefined at the end. */
function readSegment(mappings: string, place: Place): boolean | undefined {
  let code = mappings.charCodeAt(place.offset)
  while (code === COMMA || code === SEMICOLON) {
    if (code === SEMICOLON) {
      place.generatedLine++
      place.generatedColumn = 0
    }
    code = mappings.charCodeAt(++place.offset)
  }
  if (place.offset >= mappings.length) {
    return undefined
  }
  place.generatedColumn += readNumber(mappings, place)
  if (isAtEndOfSegment(mappings, place)) {
    return false
  }
  place.source += readNumber(mappings, place)
  place.line += readNumber(mappings, place)
  place.column += readNumber(mappings, place)
  while (!isAtEndOfSegment(mappings, place)) {
    readNumber(mappings, place) // The name.
  }
  return true
}

function isAtEndOfSegment(mappings: string, { offset }: Place): boolean {
  const code = mappings.charCodeAt(offset)
  return code === COMMA || code === SEMICOLON || offset >= mappings.length
}

/** A number in base 64, five bits a digit and the lowest first; its own lowest bit is its sign. */
function readNumber(mappings: string, place: Place): number {
  let number = 0
  let shift = 0
  let digit: number
  do {
    digit = digitOf(mappings.charCodeAt(place.offset++))
    number |= (digit & (CONTINUES - 1)) << shift
    shift += 5
  } while (digit & CONTINUES)
  return number & 1 ? -(number >> 1) : number >> 1
}

/** Of A–Z, a–z, 0–9, + and /. Any other character, which no map has, ends its number. */
function digitOf(code: number): number {
  if (code >= 0x61) {
    return code - 0x61 + 26
  }
  if (code >= 0x41) {
    return code - 0x41
  }
  if (code >= 0x30) {
    return code - 0x30 + 52
  }
  return code === 0x2b ? 62 : 63
}
