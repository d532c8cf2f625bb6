/** Lambda's runtimes join the lines of a message with carriage returns, on which a terminal would overwrite it. */

const CARRIAGE_RETURN = 0x0d
const LINE_FEED = 0x0a

/** The same bytes, with a line feed for each carriage return that none follows. */
export function withLineBreaks(chunk: Uint8Array | string): Buffer {
  const bytes = Buffer.from(chunk)
  for (let at = bytes.indexOf(CARRIAGE_RETURN); at !== -1; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
    if (bytes[at + 1] !== LINE_FEED) {
      bytes[at] = LINE_FEED
    }
  }
  return bytes
}
