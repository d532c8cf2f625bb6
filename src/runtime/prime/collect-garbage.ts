/**
 * Has V8 collect its young generation before there is an invocation. It does so once that is four fifths full, wherever that falls, and for a
 * function that has just loaded and was rehearsed it takes 3 ms of CPU: 40 ms of a first invocation at 128 MB.
 *
 * There is no function for that without an option of V8's. So the rest of the young generation is filled, until the heap has
 * become smaller. What says how full it is, `node:v8`, takes as long to load as is saved.
 */

/** Of elements, each of 8 bytes: a fourth of a page of the heap. */
const PIECE = 8_000
/** What pieces are made before it is looked again. */
const PIECES = 4
/** The young generation's half begins with 4 MiB, and grows where the function has kept much. */
const MOST_BYTES = 8 << 20
/** Less is no collection. */
const COLLECTED_BYTES = 1 << 18

export function collectYoungGeneration(): void {
  let before = process.memoryUsage().heapUsed
  for (let made = 0; made < MOST_BYTES; made += PIECES * PIECE * 8) {
    for (let piece = 0; piece < PIECES; piece++) {
      new Array(PIECE)
    }
    const { heapUsed } = process.memoryUsage()
    if (heapUsed < before - COLLECTED_BYTES) {
      return
    }
    before = heapUsed
  }
}
