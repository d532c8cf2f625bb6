/**
 * Modules that are nothing but types: `./models`, of which there is `models/index.d.ts` alone, and `aws-lambda`, of which `@types/aws-lambda` is installed.
 *
 * `tsc` leaves their imports out, whatever is done with the types. esbuild leaves out what is imported and not used; but to hand a type
 * on, `export { Order }`, `export * from './models'`, is a use to it, since from one file nobody can tell that it is one.
 */
import { dirname, join, resolve } from 'node:path'
import type { Message, OnResolveArgs, OnResolveResult } from 'esbuild'
import { createPathsMatcher } from 'get-tsconfig'
import { shownPath } from '../../shown-path.ts'
import { importedPackage } from '../package-of-file.ts'
import { nearestTsconfig } from './nearest-tsconfig.ts'
import { isFile } from './own-paths.ts'

const NAMESPACE = 'declarations'
const NO_VALUE = /^No matching export in "declarations:(.*)" for import "(.*)"$/
const TYPESCRIPT = /\.[cm]?tsx?$/

/** The declarations of what `importer`, an absolute path, imports by `specifier`, and cannot be resolved; undefined where there are none. */
export function findDeclarations(specifier: string, importer: string): string | undefined {
  return TYPESCRIPT.test(importer)
    ? placesOf(specifier, importer).flatMap(declarationFiles).find(isFile)
    : undefined
}

function placesOf(specifier: string, importer: string): string[] {
  if (/^\.{0,2}\//.test(specifier)) {
    return [resolve(dirname(importer), specifier)]
  }
  const tsconfig = nearestTsconfig(importer)
  const mapped = (tsconfig && createPathsMatcher(tsconfig)?.(specifier)) ?? []
  return [...mapped, ...(importedPackage(specifier) === undefined ? [] : typesPackages(specifier, importer))]
}

/** `@types/scope__name/path` for `@scope/name/path`, in each folder that it may be installed in. */
function typesPackages(specifier: string, importer: string): string[] {
  const typed = specifier.replace(/^@([^/]+)\/([^/]+)/, '$1__$2')
  const found: string[] = []
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    found.push(join(folder, 'node_modules/@types', typed))
    if (folder === dirname(folder)) {
      return found
    }
  }
}

function declarationFiles(place: string): string[] {
  const [, stem, kind] = /^(.*)\.([cm]?)js$/s.exec(place) ?? []
  return stem === undefined ? [`${place}.d.ts`, join(place, 'index.d.ts')] : [`${stem}.d.${kind}ts`]
}

/** What an import of such a module leads to: one without values. */
export function resolveDeclared({ kind }: OnResolveArgs, declarations: string): OnResolveResult | undefined {
  // What is required is wanted when the function runs.
  return kind === 'import-statement' ? { path: declarations, namespace: NAMESPACE } : undefined
}

export const DECLARED_MODULES = {
  filter: { filter: /^/, namespace: NAMESPACE },
  load: () => ({ contents: 'export {}' }),
} as const

/** An error that `import { Order } from './models'` is one of a value, and of no type, in other words than of a module that nobody has written. */
export function explainDeclared(message: Message): Message {
  const [, declarations, name] = NO_VALUE.exec(message.text) ?? []
  return declarations === undefined
    ? message
    : {
        ...message,
        text: `Could not resolve the module of ${shownPath(declarations)}, which ${name} is imported of: there are only its types`,
      }
}
