/**
 * Turns a bundle that is an ES module, because it awaits at its top level, into the text of an async
 * function.
 *
 * esbuild cannot write such a bundle as CommonJS. Its ES modules are regular, though: imports stand at the
 * top, exports in one clause at the end, and all between is the same as in a function. The statements are
 * blanked out, character by character, and what they do is done in the wrapper's first line, so that each
 * position in the code stays where the source map has it, one line further down.
 */
import { isBuiltin } from 'node:module'
import { type Import, init, parse } from 'es-module-lexer'
import { CLOSE_WRAPPER, EXPORTS, MODULE, openWrapper } from './function-wrapper.ts'

/**
 * The module's text as an expression whose value is an async function, with the parameters of every wrapper, and
 * `further` ones.
 */
export async function asyncFunctionFromModule(
  code: string,
  further: readonly string[] = [],
): Promise<string> {
  await init
  const [imports, exports] = parse(code)
  const importStatements = imports.filter(isStaticImport).map((statement) => readImport(code, statement))
  const clauseStarts = new Set(
    exports.filter(({ type }) => type !== 'reexport-all').map(({ exportStart }) => exportStart),
  )
  const exportClauses = [...clauseStarts].map((start) => readExportClause(code, start))
  const statements = [...importStatements, ...exportClauses]
  const prelude = [
    ...(importStatements.length > 0 ? [HELPERS] : []),
    // Exports before imports: a module's own exports win over those of an `export *`.
    ...exportClauses.map(({ replacement }) => replacement),
    ...importStatements.map(({ replacement }) => replacement),
  ].join(' ')
  return openWrapper('async function', prelude, further) + blankOut(code, statements) + CLOSE_WRAPPER
}

/** By the name of a module, which of its exports the ES module `code` imports; `*` for any of them. */
export async function importedNames(code: string): Promise<Map<string, Set<string>>> {
  await init
  const [imports] = parse(code)
  const found = new Map<string, Set<string>>()
  for (const statement of imports) {
    if (typeof statement.specifier !== 'string') {
      continue // A computed name, or `import.meta`.
    }
    const names = found.get(statement.specifier) ?? new Set<string>()
    found.set(statement.specifier, names)
    for (const name of statement.type === 'static' ? namesInImport(code, statement) : ['*']) {
      names.add(name)
    }
  }
  return found
}

function namesInImport(code: string, statement: StaticImport): string[] {
  const { defaultName, namespaceName, named } = readImportClause(importClause(code, statement))
  return [
    ...(defaultName === undefined ? [] : ['default']),
    ...(namespaceName === undefined ? [] : ['*']),
    ...named.map(([imported]) => imported),
  ]
}

interface Statement {
  readonly start: number
  readonly end: number
  /** What does its work in a function, in the wrapper's first line. */
  readonly replacement: string
  /** What does it in its own place, and is as long. */
  readonly inPlace?: string
}

type StaticImport = Extract<Import, { type: 'static' | 'reexport-star' }>

const NAME = String.raw`(?:[\p{ID_Continue}$]+|"(?:[^"\\]|\\.)*")`

/**
 * What an import of a module gives: of an ES module its namespace; of a CommonJS one, as Node.js's own are
 * here, its `module.exports` as `default` and each of its properties by name. They are getters, because some
 * of Node.js's own modules load much when a property is read.
 */
const HELPERS = [
  'const __defineGetter = (object, name, get) =>',
  'Object.defineProperty(object, name, { configurable: true, enumerable: true, get }),',
  '__importedModule = (module) => {',
  "if (module?.[Symbol.toStringTag] === 'Module') return module;",
  'const namespace = { __proto__: null };',
  'for (const name of Object.getOwnPropertyNames(Object(module)))',
  '__defineGetter(namespace, name, () => module[name]);',
  "return __defineGetter(namespace, 'default', () => module) },",
  '__reexport = (module) => { for (const name of Object.keys(module))',
  `if (name !== 'default' && !Object.hasOwn(${EXPORTS}, name))`,
  `__defineGetter(${EXPORTS}, name, () => module[name]) };`,
].join(' ')

function isStaticImport(statement: Import): statement is StaticImport {
  return statement.type === 'static' || statement.type === 'reexport-star'
}

function readImport(code: string, statement: StaticImport): Statement {
  const { importStart: start, importEnd: end } = statement
  const specifier = JSON.stringify(statement.specifier)
  // What is not part of Node.js is an external, shipped beside the executable. Only `import()` takes one that
  // awaits, too.
  const load = isBuiltin(statement.specifier) ? `require(${specifier})` : `await import(${specifier})`
  const module = `__importedModule(${load})`
  if (statement.type === 'reexport-star') {
    return { start, end, replacement: `__reexport(${module});` }
  }
  return { start, end, replacement: importDeclaration(importClause(code, statement), module) }
}

/** What stands between `import` and the module's name: `fs, { join as j }`. */
function importClause(code: string, statement: StaticImport): string {
  const clause = code.slice(statement.importStart + 'import'.length, statement.start - 1)
  return clause.replace(/from\s*$/, '').trim()
}

const IMPORT_CLAUSE = new RegExp(
  String.raw`^(?:(${NAME})\s*(?:,\s*|$))?(?:\*\s*as\s+(${NAME})|\{([^]*)\})?$`,
  'u',
)

/** `fs, { join as j }` becomes `const { default: fs, join: j } = …`. */
function importDeclaration(clause: string, module: string): string {
  if (clause === '') {
    return `${module};`
  }
  const { defaultName, namespaceName, named } = readImportClause(clause)
  const properties = [
    ...(defaultName === undefined ? [] : [`default: ${defaultName}`]),
    ...named.map(([imported, local]) => `${imported}: ${local}`),
  ]
  return [
    ...(namespaceName === undefined ? [] : [`const ${namespaceName} = ${module};`]),
    ...(properties.length === 0 ? [] : [`const { ${properties.join(', ')} } = ${namespaceName ?? module};`]),
  ].join(' ')
}

function readImportClause(clause: string) {
  const parts = IMPORT_CLAUSE.exec(clause)
  if (parts === null) {
    throw new Error(`cannot read the import clause ${JSON.stringify(clause)} in esbuild's output`)
  }
  const [, defaultName, namespaceName, named = ''] = parts
  return { defaultName, namespaceName, named: readNames(named) }
}

const EXPORT_CLAUSE = /export\s*\{((?:[^}"]|"(?:[^"\\]|\\.)*")*)\}\s*;?/uy

/** `export { handler as default }`, as a getter for each name: an export may change after it was exported. */
function readExportClause(code: string, start: number): Statement {
  // Of a CommonJS module: `export default require_orders();`.
  const beginning = 'export default '
  if (code.startsWith(beginning, start)) {
    const inPlace = `${MODULE}.exports=`.padEnd(beginning.length)
    return { start, end: start + beginning.length, replacement: '', inPlace }
  }
  EXPORT_CLAUSE.lastIndex = start
  const match = EXPORT_CLAUSE.exec(code)
  if (match?.[1] === undefined) {
    throw new Error(
      `cannot read the export at ${start} in esbuild's output: ${code.slice(start, start + 60)}`,
    )
  }
  const getters = readNames(match[1]).map(
    ([local, exported]) => `${exported}: { enumerable: true, get: () => ${local} }`,
  )
  return {
    start,
    end: start + match[0].length,
    replacement: `Object.defineProperties(${EXPORTS}, { ${getters.join(', ')} });`,
  }
}

/** `a as b, c` as `[['a', 'b'], ['c', 'c']]`. */
function readNames(names: string): [string, string][] {
  const pairs = names.matchAll(new RegExp(String.raw`(${NAME})(?:\s*\bas\b\s*(${NAME}))?`, 'gu'))
  return [...pairs].map(([, name = '', alias = name]) => [name, alias])
}

/** The code with each statement's characters but its line breaks replaced by blanks. */
function blankOut(code: string, statements: readonly Statement[]): string {
  let blanked = ''
  let at = 0
  for (const { start, end, inPlace } of statements.toSorted((left, right) => left.start - right.start)) {
    blanked += code.slice(at, start) + (inPlace ?? code.slice(start, end).replace(/[^\n]/g, ' '))
    at = end
  }
  return blanked + code.slice(at)
}
