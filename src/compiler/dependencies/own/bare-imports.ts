/**
 * Keeps what the author's own modules import for what it does, `import 'reflect-metadata'`: they would not import it for nothing. esbuild leaves it out where
 * its package says that it does nothing, and some packages do not say it of the file that they have for Node.js.
 */
import { join } from 'node:path'
import type { Message, Plugin } from 'esbuild'
import { escaped } from '../../escaped-pattern.ts'
import { packageName } from '../package-of-file.ts'

export interface BareImport {
  readonly specifier: string
  /** Absolute path. */
  readonly importer: string
}

/** Those of the author's modules that esbuild warns it has left out. */
export function findIgnoredImports(warnings: readonly Message[], project: string): BareImport[] {
  return warnings.flatMap(({ id, location }) => {
    if (id !== 'ignored-bare-import' || location === null) {
      return []
    }
    const { file, lineText, column, length } = location
    const importer = join(project, file)
    const [, specifier] = /^["'](.*)["']$/.exec(bytesOf(lineText, column, length)) ?? []
    return specifier === undefined || packageName(importer) !== undefined ? [] : [{ specifier, importer }]
  })
}

/** What is there, in bytes, as esbuild counts. */
function bytesOf(text: string, from: number, length: number): string {
  return Buffer.from(text)
    .subarray(from, from + length)
    .toString()
}

/** Has esbuild take them for what they are. */
export function keepBareImports(imports: readonly BareImport[]): Plugin {
  const names = [...new Set(imports.map(({ specifier }) => specifier))]
  return {
    name: 'bare-imports',
    setup: (build) => {
      const filter = new RegExp(`^(?:${names.map(escaped).join('|')})$`)
      build.onResolve({ filter }, async ({ path, importer, pluginData, ...options }) => {
        if (pluginData === keepBareImports || !imports.some((each) => isOf(each, path, importer))) {
          return undefined
        }
        const { errors, warnings, suffix, ...found } = await build.resolve(path, {
          ...options,
          importer,
          pluginData: keepBareImports,
        })
        return errors.length > 0 ? { errors, warnings } : { ...found, warnings, suffix, sideEffects: true }
      })
    },
  }
}

function isOf({ specifier, importer }: BareImport, path: string, by: string): boolean {
  return specifier === path && importer === by
}
