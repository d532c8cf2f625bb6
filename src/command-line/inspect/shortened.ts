/** What has no room in a table's column: the end of a path tells more than its beginning. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) {
    return text
  }
  const indent = /^ */.exec(text)?.[0] ?? ''
  return `${indent}…${text.slice(text.length - most + indent.length + 1)}`
}
