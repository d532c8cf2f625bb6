/**
 * What is imported for decorators' metadata only. `find(query: Query)` tells a decorator `typeof Query === 'undefined' ?
 * Object : Query`, and from one file nobody can tell whether `Query` is a class, which is there when the function runs, or
 * an interface, which is not.
 *
 * `tsc`, which knows, leaves the import of an interface out. To esbuild an import of what is not exported is an error, and a
 * property of a namespace that nobody exports is `undefined`; so such names are taken from a namespace, and a module that is not
 * there, as where only its types are installed, is not imported at all.
 */
import type { Message } from 'esbuild'

/** As esbuild resolves it from the module. */
export type IsThere = (specifier: string) => Promise<boolean>

const NAMESPACE = '_typesOf'

/** A line each, as oxc prints them. */
const IMPORT = /^import (?:([\w$]+)(?:, )?)?(?:\{ ([^}]*) \}|\* as ([\w$]+))? from ("[^"\n]*");$/gm

interface Import {
  /** What it is called in its module, by what it is called here; `*` for all of it. */
  readonly names: ReadonlyMap<string, string>
  readonly specifier: string
}

/**
 * The compiled module `code` so. `values` is the same module compiled without metadata, which imports what the code itself uses.
 */
export async function importTypes(code: string, values: string, isThere: IsThere): Promise<string> {
  const used = new Set([...values.matchAll(IMPORT)].flatMap((match) => [...importOf(match).names.keys()]))
  let changed = code
  let count = 0
  for (const match of code.matchAll(IMPORT)) {
    const { names, specifier } = importOf(match)
    const types = [...names].filter(([local]) => !used.has(local))
    if (types.length === 0 || specifier.startsWith(HELPERS)) {
      continue
    }
    const namespace = (await isThere(specifier)) ? `${NAMESPACE}${count++}` : undefined
    for (const [local, name] of types) {
      changed = withType(changed, local, namespace && memberOf(namespace, name))
    }
    const kept = [...names].filter(([local]) => used.has(local))
    const lines = [
      kept.length > 0 ? importLine(kept, specifier) : '',
      namespace === undefined ? '' : `import * as ${namespace} from ${JSON.stringify(specifier)};`,
    ]
    changed = changed.replace(match[0], () => lines.filter(Boolean).join(' '))
  }
  return changed
}

const HELPERS = '@oxc-project/runtime/'

function importOf([, byDefault, named = '', all, quoted = '""']: RegExpExecArray): Import {
  const names = new Map<string, string>()
  if (byDefault !== undefined) {
    names.set(byDefault, 'default')
  }
  for (const each of named.split(', ').filter(Boolean)) {
    const [name = '', local = name] = each.split(' as ')
    names.set(local, name)
  }
  if (all !== undefined) {
    names.set(all, '*')
  }
  return { names, specifier: JSON.parse(quoted) }
}

/** Of a string literal too, which the name of an export may be. */
function memberOf(namespace: string, name: string): string {
  if (name === '*') {
    return namespace
  }
  return name.startsWith('"') ? `${namespace}[${name}]` : `${namespace}.${name}`
}

function importLine(names: ReadonlyArray<readonly [string, string]>, specifier: string): string {
  const byDefault = names.filter(([, name]) => name === 'default').map(([local]) => local)
  const all = names.filter(([, name]) => name === '*').map(([local]) => `* as ${local}`)
  const named = names
    .filter(([, name]) => name !== 'default' && name !== '*')
    .map(([local, name]) => (name === local ? name : `${name} as ${local}`))
  const parts = [...byDefault, ...all, ...(named.length > 0 ? [`{ ${named.join(', ')} }`] : [])]
  return `import ${parts.join(', ')} from ${JSON.stringify(specifier)};`
}

/** With the metadata of that type, also of a name below it, taken from `member`; with `Object` where there is none. */
function withType(code: string, local: string, member: string | undefined): string {
  const name = local.replaceAll('$', '\\$&')
  const rest = '((?:\\.[\\w$]+)*)'
  const told = `typeof ${name}${rest} === "undefined"`
  const metadata = new RegExp(
    `(?<![\\w$.])${told}(?: \\|\\| ${told})* \\? Object : ${name}${rest}(?![\\w$])`,
    'g',
  )
  const reference = new RegExp(`(?<![\\w$.])${name}(?![\\w$])`, 'g')
  return code.replace(metadata, (whole) =>
    member === undefined ? 'Object' : whole.replace(reference, () => member),
  )
}

/** Whether esbuild warns of a type that is `undefined`, as is meant. */
export function isOfType({ id, location }: Message): boolean {
  return id === 'import-is-undefined' && location !== null && location.lineText.includes(NAMESPACE)
}
