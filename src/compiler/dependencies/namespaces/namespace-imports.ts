/**
 * Has an author's module import all of another one where it imports the name of that: `import { z } from 'zod'` becomes
 * `import * as z from '…/zod/v4/classic/external.js'`.
 *
 * Both are the same object. Of the second, esbuild leaves out what is not used of it, and of the first it keeps all: of
 * zod, that is its messages in fifty languages, 300 kB of a function of 1 MB.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import type { ImportDeclaration, Statement } from '@babel/types'
import type { Metafile } from 'esbuild'
import { withDecoratorMetadata } from '../../bundle/decorator-metadata.ts'
import { edited } from '../located-module.ts'
import { packageName } from '../package-of-file.ts'
import type { Edit } from '../requires/made-requires.ts'
import type { SourceOptions } from '../source-options.ts'
import { type ExportedNamespaces, targetOf } from './exported-namespaces.ts'

export interface OwnImports {
  /** Absolute path of the module. */
  readonly file: string
  /** What paths in the metafile are relative to. */
  readonly project: string
  readonly inputs: Metafile['inputs']
  readonly namespaces: ExportedNamespaces
  readonly sources?: SourceOptions
}

/** By specifier and name, the path of the module, as imports name it, that the name is all of. */
type Known = ReadonlyMap<string, ReadonlyMap<string, string>>

/** `import z, { ZodError as Invalid } from 'zod'`, as far as a pattern can tell. */
const IMPORT = /\bimport\s+([\w$\s,{}]+?)\s*\bfrom\s*["']([^"'\n]+)["']/g

/**
 * The text of the module so, in which each line stays where it is, and what imports were written anew; undefined where
 * there are none.
 */
export async function importNamespaces(
  own: OwnImports,
): Promise<{ text: string; specifiers: readonly string[] } | undefined> {
  const { file, project, inputs, sources = {} } = own
  const { imports = [] } = inputs[relative(project, file)] ?? {}
  const isFromPackage = imports.some(({ path, external }) => !external && packageName(join(project, path)))
  if (!isFromPackage || !/\.[cm]?[jt]sx?$/.test(file) || !existsSync(file)) {
    return undefined
  }
  const text = await readFile(file, 'utf8')
  const known = await findNamespaces(text, own)
  // With decorators' metadata, a module is compiled before esbuild has it.
  if (known.size === 0 || (await withDecoratorMetadata(file, '', sources)).settings?.emitDecoratorMetadata) {
    return undefined
  }
  const edits = (await parse(text, extname(file))).flatMap((statement) =>
    statement.type === 'ImportDeclaration' ? editsOf(statement, text, known) : [],
  )
  return edits.length === 0 ? undefined : { text: edited(text, edits), specifiers: [...known.keys()] }
}

async function findNamespaces(
  text: string,
  { file, project, inputs, namespaces }: OwnImports,
): Promise<Known> {
  const known = new Map<string, Map<string, string>>()
  for (const [, names = '', specifier = ''] of text.matchAll(IMPORT)) {
    const target = targetOf(inputs, relative(project, file), specifier)
    for (const name of target === undefined ? [] : importedNames(names)) {
      const module = await namespaces.find(inputs, target as string, name)
      if (module !== undefined) {
        const ofSpecifier = known.get(specifier) ?? new Map<string, string>()
        known.set(specifier, ofSpecifier.set(name, pathFrom(dirname(file), join(project, module))))
      }
    }
  }
  return known
}

function importedNames(names: string): string[] {
  const [, byDefault = '', others = ''] = /^([^{]*)(?:\{([^}]*)\})?/.exec(names) ?? []
  const named = others.split(',').map((each) => each.trim().split(/\s+/)[0] ?? '')
  return [...(/^\s*[\w$]/.test(byDefault) ? ['default'] : []), ...named.filter((name) => name !== '')]
}

function pathFrom(folder: string, module: string): string {
  const path = relative(folder, module).split(sep).join('/')
  return path.startsWith('.') ? path : `./${path}`
}

/** None where it cannot be read: the bundler says what is wrong with it. */
async function parse(text: string, ending: string): Promise<Statement[]> {
  const isTypeScript = /ts/.test(ending)
  const jsx = isTypeScript && !ending.endsWith('x') ? [] : (['jsx'] as const)
  try {
    // On use: few functions need it.
    const { parse } = await import('@babel/parser')
    const { program } = parse(text, {
      sourceType: 'module',
      plugins: [...(isTypeScript ? (['typescript'] as const) : []), ...jsx, 'decorators-legacy'],
      errorRecovery: true,
    })
    return program.body
  } catch {
    return []
  }
}

function editsOf(statement: ImportDeclaration, text: string, known: Known): Edit[] {
  const { specifiers, source, importKind, attributes } = statement
  const [start, end] = [statement.start as number, statement.end as number]
  const modules = known.get(source.value)
  const isAlone = /^[\t ]*(?:\r?\n|\/\/|$)/.test(text.slice(end))
  if (modules === undefined || importKind === 'type' || attributes?.length || !isAlone) {
    return []
  }
  const written: string[] = []
  const others: string[] = []
  let byDefault = ''
  for (const specifier of specifiers) {
    const name = nameOf(specifier)
    const module = name === undefined ? undefined : modules.get(name)
    const words = text.slice(specifier.start as number, specifier.end as number)
    if (specifier.type === 'ImportNamespaceSpecifier') {
      return []
    }
    if (module !== undefined) {
      written.push(`import * as ${specifier.local.name} from ${JSON.stringify(module)};`)
    } else if (specifier.type === 'ImportDefaultSpecifier') {
      byDefault = words
    } else {
      others.push(words)
    }
  }
  if (written.length === 0) {
    return []
  }
  if (byDefault !== '' || others.length > 0) {
    const names = [byDefault, others.length > 0 ? `{ ${others.join(', ')} }` : ''].filter(Boolean).join(', ')
    written.push(`import ${names} from ${JSON.stringify(source.value)};`)
  }
  const lines = text.slice(start, end).split('\n').length
  const shown = written.join(' ').replaceAll('\n', ' ')
  return [{ start, end, text: shown + '\n'.repeat(lines - 1) }]
}

/** Undefined for that of a type. */
function nameOf(specifier: ImportDeclaration['specifiers'][number]): string | undefined {
  if (specifier.type === 'ImportDefaultSpecifier') {
    return 'default'
  }
  if (specifier.type === 'ImportNamespaceSpecifier' || specifier.importKind === 'type') {
    return undefined
  }
  const { imported } = specifier
  return imported.type === 'Identifier' ? imported.name : imported.value
}
