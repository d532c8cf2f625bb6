import { relative } from 'node:path'

/** The source of a regular expression that matches `text` and nothing else, for JavaScript and for Go, which esbuild is in. */
export function escaped(text: string): string {
  return text.replace(/[^\w]/g, (character) => (character.charCodeAt(0) < 128 ? `\\${character}` : character))
}

/** How esbuild is asked to bundle one file below `folder`: in a path as it is written, a `*` is a pattern to it, and there is no way to escape it. */
export function entryBelow(folder: string, file: string): { entryPoints: [string]; absWorkingDir: string } {
  return { entryPoints: [folder.includes('*') ? `./${relative(folder, file)}` : file], absWorkingDir: folder }
}
