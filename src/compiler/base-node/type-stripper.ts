/**
 * Leaves out of a Node.js binary the parser by which it runs TypeScript: 3.8 MB of WebAssembly, 1.4 of a package. A function is
 * bundled, so that its executable has no TypeScript to run; who asks for it all the same is told so.
 *
 * The parser is a string of base64 in the source of one of Node.js's own modules, which the binary holds as text. In its
 * place comes an expression that throws, and spaces, so that nothing moves. V8 compiles that part of the module when it is
 * first used, and knows already which functions and variables are in it: so there are none in the expression.
 */

const BEGIN = Buffer.from('.from("AGFzbQ')
const END = Buffer.from('", "base64")')
/** Of the text in front of the string itself. */
const CALL_BYTES = '.from('.length
/** In bytes: smaller WebAssembly is of something else. */
const SMALLEST = 1_000_000

const MESSAGE =
  'executables of lambdabin do not strip types: the TypeScript parser of Node.js is left out of them; compile the file, or import it so that it is bundled'
const EXPRESSION = `require("node:assert").fail(Object.assign(new Error(${JSON.stringify(MESSAGE)}), { code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM' }))`

/** A copy without it; `executable` itself where it has none, or more than one, that is written as is known here. */
export function leaveOutTypeStripper(executable: Buffer): Buffer {
  const places = findStrings(executable)
  const [only] = places
  if (only === undefined || places.length > 1) {
    return executable
  }
  const bytes = Buffer.from(executable)
  bytes.fill(' ', only.start, only.end)
  bytes.write(EXPRESSION, only.start, 'latin1')
  return bytes
}

/** The large strings of WebAssembly, from their first quotation mark to behind their last. */
function findStrings(bytes: Buffer): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = []
  for (let at = bytes.indexOf(BEGIN); at !== -1; at = bytes.indexOf(BEGIN, at + 1)) {
    const start = at + CALL_BYTES
    const end = bytes.indexOf('"', start + 1, 'latin1')
    const isCall = end !== -1 && bytes.subarray(end, end + END.length).equals(END)
    if (isCall && end - start > SMALLEST) {
      found.push({ start, end: end + 1 })
    }
  }
  return found
}
