/** Which source file imports which, types too. */

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

export interface SourceFile {
  /** From the project's folder, with slashes: `src/runtime/main.ts`. */
  readonly path: string
  readonly text: string
  /** The project's own files that it imports, in that form. */
  readonly imports: readonly string[]
  /** Everything else, as it is written: `node:fs`, `esbuild`. */
  readonly packages: readonly string[]
}

/** Biome's format is what makes it so simple: a statement starts its line, and specifiers are in single quotes. */
const SPECIFIER =
  /(?:^(?:import|export)\b[^'";]*?\bfrom\s+|^import\s+|^declare module\s+|\bimport\()'([^'\n]+)'/gm
const COMMENT = /^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)$/gm

export function readSources(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: PROJECT })
    .toSorted()
    .map((path) => {
      const text = readFileSync(join(PROJECT, path), 'utf8')
      const specifiers = [...text.replace(COMMENT, '').matchAll(SPECIFIER)].map(([, name = '']) => name)
      const own = specifiers.filter((specifier) => specifier.startsWith('.'))
      return {
        path,
        text,
        imports: own.map((specifier) => normalize(join(dirname(path), specifier))),
        packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
      }
    })
}
