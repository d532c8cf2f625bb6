/**
 * Where a text stops being JSON.
 *
 * V8's own message gives the position for some mistakes only. So this looks for the longest start of the text that
 * could still become JSON if it went on: JSON.parse's complaint about such a start is that it ends, and about a longer
 * one it is something else. Some twenty parses for a text of megabytes, on the way to an error message.
 */

/** The offset of the first character that cannot be there; the text's length when it only ends too early. */
export function jsonErrorOffset(text: string): number {
  let good = 0
  let bad = text.length + 1
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (couldGoOn(text.slice(0, middle))) {
      good = middle
    } else {
      bad = middle
    }
  }
  return good
}

function couldGoOn(start: string): boolean {
  try {
    JSON.parse(start)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    const [, position] = /at position (\d+)/.exec(message) ?? []
    return position === undefined
      ? message.startsWith('Unexpected end of JSON input')
      : Number(position) >= start.length
  }
}
