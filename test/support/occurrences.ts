/** How often `part` is in `bytes`. */
export function occurrences(bytes: Buffer, part: Buffer | string): number {
  let count = 0
  for (let at = bytes.indexOf(part); at !== -1; at = bytes.indexOf(part, at + 1)) {
    count++
  }
  return count
}
