/** Names of a package's own modules in its code, of what is loaded by a name that only shows when it runs. */
import { type AnyNode, childrenOf, isRelativePattern } from '../../syntax-tree.ts'

/** The whole name of a module that is beside another. */
const RELATIVE_MODULE = /^\.\.?\/[^*\n]+\.[cm]?js$/

export function relativeTexts(program: AnyNode): string[] {
  const found = new Set<string>()
  const look = (node: AnyNode, parent: AnyNode | undefined): void => {
    const isFollowed = parent?.source === node || parent?.callee?.name === 'require'
    if (node.type === 'Literal' && !isFollowed && RELATIVE_MODULE.test(String(node.value))) {
      found.add(String(node.value))
    }
    for (const child of childrenOf(node)) {
      look(child, node)
    }
  }
  look(program, undefined)
  return [...found]
}

export function relativePatterns(program: AnyNode): string[] {
  const found = new Set<string>()
  const look = (node: AnyNode): void => {
    const [first] = node.type === 'CallExpression' && node.callee.name !== 'require' ? node.arguments : []
    if (first?.type === 'BinaryExpression' && first.left.type === 'Literal' && isRelativePattern(first)) {
      found.add(String(first.left.value))
    }
    childrenOf(node).forEach(look)
  }
  look(program)
  return [...found]
}
