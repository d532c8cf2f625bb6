/** The source of a regular expression that matches `text` and nothing else, for JavaScript and for Go, which esbuild is in. */
export function escaped(text: string): string {
  return text.replace(/[^\w]/g, (character) => (character.charCodeAt(0) < 128 ? `\\${character}` : character))
}
