/**
 * Has V8 collect its young generation before there is an invocation. It does so once that is four fifths full, wherever that falls, and for a
 * function that has just loaded and was rehearsed it takes 3 ms of CPU: 40 ms of a first invocation at 128 MB.
 *
 * There is no function for that without an option of V8's. So the rest of the young generation is filled, until the heap has
 * become smaller. What says how full it is, `node:v8`, takes as long to load as is saved; a snapshot has it loaded.
 */

/** Of elements, each of 8 bytes: a fourth of a page of the heap. */
const PIECE = 8_000
/** What pieces are made before it is looked again. */
const PIECES = 4
/** The young generation's half begins with 4 MiB, and grows where the function has kept much. */
const MOST_BYTES = 8 << 20
/** Less is no collection. */
const COLLECTED_BYTES = 1 << 18

/** How full the young generation is, for an invocation to have room in it. */
const ROOMY = 0.55

export function collectYoungGeneration(): void {
  if (isRoomy()) {
    return
  }
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

/** False where it is not known. */
function isRoomy(): boolean {
  const loaded = Reflect.get(process, 'moduleLoadList') as readonly string[] | undefined
  if (!loaded?.includes('NativeModule v8')) {
    return false
  }
  const spaces = process.getBuiltinModule('node:v8').getHeapSpaceStatistics()
  const young = spaces.find(({ space_name: name }) => name === 'new_space')
  return (
    young !== undefined &&
    young.space_used_size < ROOMY * (young.space_used_size + young.space_available_size)
  )
}
