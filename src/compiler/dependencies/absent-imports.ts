/**
 * What a package imports and is not installed: an optional peer, a native helper, another database's driver.
 *
 * On Node.js such an import fails when it is reached, and most are in a `try`, or in a branch that is never taken. So
 * it is left in the bundle, to fail there with Node.js's own error, or to be found in a layer. In the author's own code it
 * stays an error of the build: there it is a mistake, but for modules that are nothing but types.
 */
import { join } from 'node:path'
import type { Message, OnResolveResult, Plugin } from 'esbuild'
import { escaped } from '../escaped-pattern.ts'
import { DECLARED_MODULES, findDeclarations, resolveDeclared } from './own/declared-modules.ts'
import { packageName } from './package-of-file.ts'

export interface AbsentImport {
  readonly specifier: string
  /** The package whose code imports it; undefined for the author's own. */
  readonly importedBy: string | undefined
  /** Absolute path of the file that imports it. */
  readonly importer: string
  /** In the author's own code: the absolute path of the types that the module is. */
  readonly declarations?: string | undefined
}

const UNRESOLVED = /^Could not resolve (".*")$/
const NAMESPACE = 'absent-import'

/** What esbuild says is not there, undefined unless it is a package that asks for it, or what is asked for are types. */
export function absentImport({ text, location }: Message, project: string): AbsentImport | undefined {
  const [, specifier] = UNRESOLVED.exec(text) ?? []
  const importer = location === null ? '' : join(project, location.file)
  const importedBy = packageName(importer)
  if (specifier === undefined) {
    return undefined
  }
  const asked = { specifier: JSON.parse(specifier), importedBy, importer }
  const declarations = importedBy === undefined ? findDeclarations(asked.specifier, importer) : undefined
  return importedBy === undefined && declarations === undefined ? undefined : { ...asked, declarations }
}

/** Leaves `absent` in the bundle. */
export function leaveAbsent(absent: readonly AbsentImport[]): Plugin {
  const byKey = new Map(absent.map((each) => [keyOf(each), each]))
  const specifiers = [...new Set(absent.map(({ specifier }) => specifier))]
  return {
    name: 'absent-imports',
    setup(build) {
      if (specifiers.length === 0) {
        return
      }
      build.onResolve({ filter: new RegExp(`^(?:${specifiers.map(escaped).join('|')})$`) }, (args) => {
        const found = byKey.get(keyOf({ specifier: args.path, importer: args.importer }))
        if (found?.declarations !== undefined) {
          return resolveDeclared(args, found.declarations)
        }
        return found && leave(args.path)
      })
      build.onLoad(DECLARED_MODULES.filter, DECLARED_MODULES.load)
      build.onLoad({ filter: /^/, namespace: NAMESPACE }, ({ path }) => ({ contents: failure(path) }))
    },
  }
}

/** A package is looked for when the function runs. A file could only be looked for in the wrong place. */
function leave(specifier: string): OnResolveResult {
  return /^[./#]/.test(specifier)
    ? { path: specifier, namespace: NAMESPACE }
    : { path: specifier, external: true }
}

/** A CommonJS module that fails as Node.js does where there is none. */
function failure(specifier: string): string {
  const message = JSON.stringify(`Cannot find module '${specifier}'\nRequire stack:\n- `)
  return (
    `const error = new Error(${message} + __filename); error.code = 'MODULE_NOT_FOUND'; ` +
    'error.requireStack = [__filename]; throw error'
  )
}

function keyOf({ specifier, importer }: Pick<AbsentImport, 'specifier' | 'importer'>): string {
  return `${specifier}\0${importer}`
}
