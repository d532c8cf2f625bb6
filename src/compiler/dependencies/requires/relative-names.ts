/** Names of a package's own modules in its code, of what is loaded by a name that only shows when it runs. */
import { type AnyNode, alternativesOf, childrenOf, isRelativePattern, isText } from '../../syntax-tree.ts'

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

export interface RelativePattern {
  /** `./locale/`, for what `'./locale/' + name` begins with. */
  readonly beginning: string
  /** What may stand behind it and is required or imported as it is, too. */
  readonly imported: readonly string[]
}

/** Names that are computed, and that a bundler does not follow: they are called with, or kept in a variable. */
export function relativePatterns(program: AnyNode): RelativePattern[] {
  const found = new Set<string>()
  const texts: string[] = []
  const look = (node: AnyNode): void => {
    for (const value of valuesIn(node)) {
      if (isText(value)) {
        texts.push(textOf(value))
      } else if (value.type !== 'Literal' && isRelativePattern(value)) {
        found.add(beginningOf(value))
      }
    }
    childrenOf(node).forEach(look)
  }
  look(program)
  return [...found].map((beginning) => ({
    beginning,
    imported: texts.filter((text) => text.startsWith(beginning)).map((text) => text.slice(beginning.length)),
  }))
}

/**
 * What is required by a beginning that a variable holds: `./src/soap`, for `base = './src/'; require(base + 'soap')`, and for
 * `base = chosen || './src'` with `require(base + '/soap')`, too.
 */
export function keptBeginnings(program: AnyNode): string[] {
  const beginnings = new Map<string, Set<string>>()
  const required: { readonly name: string; readonly rest: string }[] = []
  const look = (node: AnyNode): void => {
    const [target, value] = [node.id ?? node.left, node.init ?? node.right]
    for (const text of target?.type === 'Identifier' && value
      ? alternativesOf(value).filter(isText).map(textOf)
      : []) {
      if (/^\.\.?\//.test(text)) {
        beginnings.set(target.name, (beginnings.get(target.name) ?? new Set()).add(text))
      }
    }
    const [sum] = node.callee?.name === 'require' ? node.arguments : []
    const [name, rest] = sumOf(sum)
    if (name !== undefined && rest !== undefined) {
      required.push({ name, rest })
    }
    childrenOf(node).forEach(look)
  }
  look(program)
  return required.flatMap(({ name, rest }) =>
    [...(beginnings.get(name) ?? [])]
      .filter((beginning) => beginning.endsWith('/') !== rest.startsWith('/'))
      .map((beginning) => beginning + rest),
  )
}

/** The variable and the text of `base + '/soap'`, and of the same as a template. */
function sumOf(node: AnyNode | undefined): [name?: string, rest?: string] {
  if (node?.type === 'BinaryExpression' && node.left.type === 'Identifier' && isText(node.right)) {
    return [node.left.name, textOf(node.right)]
  }
  const [first, last] = node?.type === 'TemplateLiteral' ? node.quasis : []
  const [variable] = node?.expressions ?? []
  const isSum = first?.value.cooked === '' && node?.expressions.length === 1 && variable.type === 'Identifier'
  return isSum ? [variable.name, last.value.cooked] : []
}

/** What is called with, or kept, and what is required as it is. */
function valuesIn(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case 'CallExpression': {
      const isRequire = node.callee.name === 'require'
      return node.arguments.slice(0, 1).filter((each: AnyNode) => isRequire === isText(each))
    }
    case 'ImportDeclaration':
      return [node.source]
    case 'VariableDeclarator':
      return node.init ? [node.init].filter((each) => !isText(each)) : []
    case 'AssignmentExpression':
      return [node.right].filter((each) => !isText(each))
    default:
      return []
  }
}

function beginningOf(node: AnyNode): string {
  return node.type === 'BinaryExpression' ? beginningOf(node.left) : textOf(node)
}

/** Of a template, what is before the first of its expressions. */
function textOf(node: AnyNode): string {
  return String(node.value ?? node.quasis?.[0].value.cooked)
}
