/**
 * What an author's module reads by a path from the working folder, which on Lambda is the package's root: `readFileSync('./prices.json')`,
 * `join(process.cwd(), 'pages', name)`, `resolve('pages')`, and the same from `process.env.LAMBDA_TASK_ROOT`.
 */
import { type AnyNode, childrenOf } from '../../syntax-tree.ts'

/** Of `node:fs` and `node:fs/promises`: their first argument is a path to read. */
const READS = /^(?:(?:readFile|readdir|opendir|open)(?:Sync)?|createReadStream|openAsBlob)$/
const JOINS = /^(?:join|resolve|normalize)$/
const HINT =
  /\bprocess\s*\.\s*cwd\b|\bLAMBDA_TASK_ROOT\b|\b(?:readFile|readdir|opendir|open|createReadStream|openAsBlob|resolve)(?:Sync)?\s*\(/

/** Whether a module, TypeScript too, may have such paths. */
export function mayReadWorkingFolder(code: string): boolean {
  return HINT.test(code)
}

/** Such paths, each once: relative, and without what is computed of them. */
export function findWorkingFolderPaths(program: AnyNode): string[] {
  const resolves = namesOfResolve(program)
  return findPaths(program, (node) => readPath(node, resolves))
}

/** Those alone that name the working folder themselves: `join(process.cwd(), 'pages')`. */
export function findWorkingFolderJoins(program: AnyNode): string[] {
  return findPaths(program, (node) => {
    const begun = beginningOf(node)
    return begun?.isPath ? pathOf(begun) : undefined
  })
}

function findPaths(program: AnyNode, pathIn: (node: AnyNode) => string | undefined): string[] {
  const found = new Set<string>()
  const visit = (node: AnyNode) => {
    const path = pathIn(node)
    if (path !== undefined) {
      found.add(path)
    } else {
      childrenOf(node).forEach(visit)
    }
  }
  visit(program)
  return [...found]
}

function readPath(node: AnyNode, resolves: ReadonlySet<string>): string | undefined {
  const isCall = node.type === 'CallExpression'
  const isRead = isCall && READS.test(nameOf(node.callee) ?? '')
  const begun = beginningOf(isRead ? node.arguments[0] : node)
  if (
    begun === undefined ||
    !(isRead || begun.isPath || (isCall && resolves.has(wholeNameOf(node.callee))))
  ) {
    return undefined
  }
  return pathOf(begun)
}

function pathOf({ text, isWhole }: Beginning): string | undefined {
  const names = (isWhole ? text : text.slice(0, text.lastIndexOf('/') + 1))
    .split('/')
    .filter((name) => name !== '' && name !== '.')
  const isPlain = names.length > 0 && !names.includes('..') && !names.some((name) => /[*?{[:]/.test(name))
  return isPlain && !text.startsWith('/') ? names.join('/') : undefined
}

interface Beginning {
  /** Relative to the working folder. */
  readonly text: string
  readonly isWhole: boolean
  /** Whether it begins at that folder by what it says itself, and not only where it is used as a path. */
  readonly isPath: boolean
}

/** What a text begins with, before what is computed; undefined where nothing of it is written out. */
function beginningOf(node: AnyNode | undefined): Beginning | undefined {
  if (node === undefined) {
    return undefined
  }
  if (isWorkingFolder(node)) {
    return { text: '.', isWhole: true, isPath: true }
  }
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? { text: node.value, isWhole: true, isPath: false } : undefined
    case 'TemplateElement':
      return { text: node.value.cooked, isWhole: true, isPath: false }
    case 'TemplateLiteral':
      return together(inOrder(node), '')
    case 'BinaryExpression':
      return node.operator === '+' ? together([node.left, node.right], '') : undefined
    case 'CallExpression':
      return joinOf(node)
    default:
      return undefined
  }
}

/** Of a template, what is written out and what is computed in turn; without the text before the first where that is empty. */
function inOrder({ quasis, expressions }: AnyNode): AnyNode[] {
  const parts = quasis.flatMap((text: AnyNode, index: number) => [text, expressions[index]])
  return parts.filter((part: AnyNode | undefined) => part !== undefined && part.value?.cooked !== '')
}

function joinOf(call: AnyNode): Beginning | undefined {
  const name = nameOf(call.callee) ?? ''
  const joined = JOINS.test(name) ? together(call.arguments, '/') : undefined
  // `resolve` begins anew at an absolute path.
  return name === 'resolve' && joined?.text.includes('//') ? undefined : joined
}

function together(nodes: readonly AnyNode[], between: string): Beginning | undefined {
  const [first, ...rest] = nodes
  let joined = beginningOf(first)
  for (const node of rest) {
    if (joined === undefined || !joined.isWhole) {
      break
    }
    const next = beginningOf(node)
    joined = {
      text: joined.text + between + (next?.text ?? ''),
      isWhole: next?.isWhole === true,
      isPath: joined.isPath,
    }
  }
  return joined
}

/** `process.cwd()`, `process.env.LAMBDA_TASK_ROOT`, and one of them where there is one. */
function isWorkingFolder(node: AnyNode): boolean {
  if (node.type === 'LogicalExpression' && node.operator !== '&&') {
    return isWorkingFolder(node.left)
  }
  return node.type === 'CallExpression'
    ? node.callee.property?.name === 'cwd' && node.callee.object?.name === 'process'
    : node.type === 'MemberExpression' && (node.property.name ?? node.property.value) === 'LAMBDA_TASK_ROOT'
}

/** What a module calls Node.js's `path.resolve`: `resolve`, `path.resolve`. */
function namesOfResolve(program: AnyNode): Set<string> {
  const names = new Set<string>()
  const add = (imported: string | undefined, local: string) =>
    imported === undefined ? names.add(`${local}.resolve`) : imported === 'resolve' && names.add(local)
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration' && isPathModule(statement.source)) {
      for (const { imported, local } of statement.specifiers) {
        add(imported?.name === 'default' ? undefined : imported?.name, local.name)
      }
    }
    for (const { id, init } of statement.declarations ?? []) {
      if (
        init?.type === 'CallExpression' &&
        init.callee.name === 'require' &&
        isPathModule(init.arguments[0])
      ) {
        const properties = id.properties ?? []
        for (const { key, value } of properties) {
          add(key?.name, value?.name)
        }
        names.add(`${id.name}.resolve`)
      }
    }
  }
  return names
}

function isPathModule(source: AnyNode | undefined): boolean {
  return /^(?:node:)?path(?:\/posix)?$/.test(String(source?.value))
}

function wholeNameOf(callee: AnyNode): string {
  return callee.type === 'MemberExpression'
    ? `${callee.object.name}.${callee.property.name}`
    : String(callee.name)
}

/** `readFile` of `fs.promises.readFile`. */
function nameOf(callee: AnyNode): string | undefined {
  return callee.type === 'MemberExpression' ? callee.property.name : callee.name
}
