/** What a module does with its own path where it first keeps it in a variable: `const base = import.meta.url`. */
import { type AnyNode, alternativesOf, childrenOf, isReference, isText } from '../../syntax-tree.ts'

export interface KeptLocations {
  /** Where the paths begin that are kept in a variable which goes into a call, or a sum. */
  readonly used: ReadonlySet<number>
  /** `./a.wasm` for `new URL('./a.wasm', base)`. */
  readonly beside: readonly string[]
}

/** Where a module's own path leads to files. */
export const USES: ReadonlySet<string> = new Set([
  'CallExpression',
  'NewExpression',
  'BinaryExpression',
  'TemplateLiteral',
])

/** `locations` are those that stand in no call themselves, by where they begin. */
export function findKeptLocations(
  program: AnyNode | undefined,
  locations: ReadonlySet<number>,
): KeptLocations {
  const kept = new Map<string, number[]>()
  const keep = (name: AnyNode, value: AnyNode | null | undefined): void => {
    const starts = valuesOf(value).filter((start) => locations.has(start))
    if (name.type === 'Identifier' && starts.length > 0) {
      kept.set(name.name, [...(kept.get(name.name) ?? []), ...starts])
    }
  }
  walk(program, (node) => {
    if (node.type === 'VariableDeclarator') {
      keep(node.id, node.init)
    } else if (node.type === 'AssignmentExpression') {
      keep(node.left, node.right)
    }
  })
  const used = new Set<number>()
  const beside: string[] = []
  walk(kept.size === 0 ? undefined : program, (node, parent) => {
    const starts = node.type === 'Identifier' ? kept.get(node.name) : undefined
    if (starts !== undefined && parent && USES.has(parent.type) && isReference(node, parent)) {
      for (const start of starts) {
        used.add(start)
      }
      const [path, base] = parent.callee?.name === 'URL' ? parent.arguments : []
      if (base === node && isText(path) && /^\.\.?\//.test(path.value)) {
        beside.push(path.value)
      }
    }
  })
  return { used, beside }
}

/** Where what may be a value begins: both of `import.meta.url ?? __filename`. */
function valuesOf(node: AnyNode | null | undefined): number[] {
  return node ? alternativesOf(node).map(({ start }) => start) : []
}

function walk(node: AnyNode | undefined, look: (node: AnyNode, parent?: AnyNode) => void): void {
  const visit = (each: AnyNode, parent?: AnyNode): void => {
    look(each, parent)
    for (const child of childrenOf(each)) {
      visit(child, each)
    }
  }
  if (node !== undefined) {
    visit(node)
  }
}
