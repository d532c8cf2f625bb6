/**
 * What in an author's module is a path that begins at the module's own: the expressions of such paths, where their value can be told
 * without running them, or at least the file or folder that they begin with. And the names of packages that it looks for.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type AnyNode, childrenOf, type Span } from '../../syntax-tree.ts'

export interface OwnPath extends Span {
  /** Absolute: what the expression's value means. */
  readonly target: string
  readonly isUrl: boolean
  /** Absolute: what is certainly there of what is computed, where the expression only is what that begins from. */
  readonly reads?: string
}

type Found = Omit<OwnPath, keyof Span>

/** What begins a pattern of paths, and no name: `entities/*.js`. */
const PATTERN = /[*?{[]/

/** The expressions of a module whose value is a path that begins at its own. */
export class OwnPaths {
  /** In order. */
  readonly found: OwnPath[] = []
  /** What it has Node.js look for, or load, by a `require` of whatever path, or by `import.meta.resolve`. */
  readonly resolved: string[] = []
  readonly #file: string
  readonly #folder: string
  /** Variables that hold the module's folder. */
  readonly #folders = new Set(['__dirname'])
  readonly #requires = new Set(['require'])
  /** Of another path than the module's own. */
  readonly #otherRequires = new Set<string>()

  /** `file` is the module's absolute path. */
  constructor(file: string) {
    this.#file = file
    this.#folder = dirname(file)
  }

  visit(node: AnyNode): void {
    if (node.type === 'VariableDeclarator' && node.init) {
      this.#readVariable(node.id.name, node.init)
    }
    this.#readResolved(node)
    const found =
      this.#readUrl(node) ?? this.#readJoin(node) ?? this.#readSum(node) ?? this.#readResolvedPath(node)
    if (found !== undefined) {
      this.found.push({ start: node.start, end: node.end, ...found })
      return
    }
    const begun = this.#readSelf(node) ?? this.#readBegun(node)
    if (begun !== undefined) {
      this.found.push(begun)
    }
    for (const child of childrenOf(node)) {
      if (child.start !== begun?.start || child.end !== begun?.end) {
        this.visit(child)
      }
    }
  }

  #readVariable(name: string, value: AnyNode): void {
    if (this.#isFolder(value)) {
      this.#folders.add(name)
    } else if (isCreateRequire(value)) {
      this.#requires.add(name)
      if (!isOwnFile(value.arguments[0]) && !isMeta(value.arguments[0], 'url')) {
        this.#otherRequires.add(name)
      }
    }
  }

  /** `require.resolve('axe-core/axe.js')`, `import.meta.resolve('axe-core')`, `createRequire(process.cwd())('yaml')`. */
  #readResolved(node: AnyNode): void {
    const name = node.type === 'CallExpression' ? textOf(node.arguments[0]) : undefined
    if (name === undefined) {
      return
    }
    const { callee } = node
    const isResolved =
      callee.type === 'MemberExpression' &&
      callee.property.name === 'resolve' &&
      (callee.object.type === 'MetaProperty' ||
        this.#requires.has(callee.object.name) ||
        isCreateRequire(callee.object))
    const isLoaded = this.#otherRequires.has(callee.name) || isCreateRequire(callee)
    if ((isResolved || isLoaded) && !/^\.\.?\//.test(name)) {
      this.resolved.push(name)
    }
  }

  /** `require.resolve('./child')`. */
  #readResolvedPath(node: AnyNode): Found | undefined {
    const { callee } = node
    const isResolved =
      node.type === 'CallExpression' &&
      callee.property?.name === 'resolve' &&
      this.#requires.has(callee.object.name) &&
      !this.#otherRequires.has(callee.object.name)
    const name = isResolved ? textOf(node.arguments[0]) : undefined
    const path = name !== undefined && /^\.\.?\//.test(name) ? resolve(this.#folder, name) : undefined
    const target = path && ['', '.ts', '.js', '.cjs', '.json'].map((ending) => path + ending).find(isFile)
    return target ? { target, isUrl: false } : undefined
  }

  /** `new URL('./a.ts', import.meta.url)`. */
  #readUrl(node: AnyNode): Found | undefined {
    if (!isOwnUrl(node)) {
      return undefined
    }
    const path = textOf(node.arguments[0])
    const isPath = path !== undefined && !/^[a-z]+:|^\//i.test(path)
    return isPath ? { target: resolve(this.#folder, decodeURI(path)), isUrl: true } : undefined
  }

  /** `join(__dirname, 'a.html')`. */
  #readJoin(node: AnyNode): Found | undefined {
    const [folder, ...rest] = joined(node)
    const words = rest.map(textOf)
    const isPath = folder !== undefined && this.#isFolder(folder) && words.length > 0
    return isPath && words.every((word: unknown) => typeof word === 'string' && !PATTERN.test(word))
      ? { target: join(this.#folder, ...(words as string[])), isUrl: false }
      : undefined
  }

  /** `__dirname + '/a.html'`, and the same as a template. */
  #readSum(node: AnyNode): Found | undefined {
    const [folder, path]: [AnyNode?, (string | undefined)?] =
      node.type === 'BinaryExpression' && node.operator === '+'
        ? [node.left, textOf(node.right)]
        : node.type === 'TemplateLiteral' &&
            node.expressions.length === 1 &&
            node.quasis[0].value.cooked === ''
          ? [node.expressions[0], node.quasis[1].value.cooked as string]
          : []
    return folder !== undefined && path?.startsWith('/') && !PATTERN.test(path) && this.#isFolder(folder)
      ? { target: join(this.#folder, path), isUrl: false }
      : undefined
  }

  /** `new Worker(__filename)`, `fork(fileURLToPath(import.meta.url))`: the module itself, run once more. */
  #readSelf(node: AnyNode): OwnPath | undefined {
    const isRun =
      (node.type === 'NewExpression' && /Worker$/.test(nameOf(node.callee) ?? '')) ||
      (node.type === 'CallExpression' && nameOf(node.callee) === 'fork')
    const [first] = isRun ? node.arguments : []
    const isUrl = first?.type === 'NewExpression' && nameOf(first.callee) === 'URL'
    const isSelf = isUrl
      ? first.arguments.length === 1 && isMeta(first.arguments[0], 'url')
      : isOwnFile(first)
    return isSelf ? { start: first.start, end: first.end, target: this.#file, isUrl } : undefined
  }

  /** What such a path begins from, where a part of it is computed, and the rest before that is there. */
  #readBegun(node: AnyNode): OwnPath | undefined {
    const [from, path] = this.#beginningOf(node)
    const reads = path === undefined ? undefined : this.#thereOf(path)
    return from && reads
      ? {
          ...{ start: from.start, end: from.end, reads },
          ...(isMeta(from, 'url')
            ? { target: this.#file, isUrl: true }
            : { target: this.#folder, isUrl: false }),
        }
      : undefined
  }

  /** ``join(__dirname, 'pages', name)``, `` `${__dirname}/pages/${name}` ``, `` new URL(`./pages/${name}`, import.meta.url) ``. */
  #beginningOf(node: AnyNode): [from?: AnyNode, path?: string | undefined] {
    if (isOwnUrl(node)) {
      return [node.arguments[1], begunText(node.arguments[0])]
    }
    if (node.type === 'TemplateLiteral' && node.quasis[0].value.cooked === '') {
      const [from] = node.expressions
      return from && this.#isFolder(from) ? [from, behindFolder(node.quasis[1].value.cooked)] : []
    }
    if (node.type === 'BinaryExpression' && node.operator === '+') {
      return this.#isFolder(node.left) ? [node.left, behindFolder(begunText(node.right))] : []
    }
    const [from, ...rest] = joined(node)
    if (from === undefined || !this.#isFolder(from)) {
      return []
    }
    const computed = rest.findIndex((word) => textOf(word) === undefined)
    const whole = rest.slice(0, computed === -1 ? rest.length : computed).map(textOf)
    const last = computed === -1 ? '' : begunText(rest[computed])
    return [from, [...whole, last].join('/')]
  }

  /** The file or folder that a path which may go on begins with; undefined where it is no more than the module's folder. */
  #thereOf(path: string): string | undefined {
    const names = path.split('/')
    const pattern = names.findIndex((name) => PATTERN.test(name))
    // What is behind the last slash may be a part of a name.
    const known = names.slice(0, pattern === -1 ? names.length - 1 : pattern)
    const target = resolve(this.#folder, `./${known.join('/')}`)
    return target !== this.#folder && existsSync(target) ? target : undefined
  }

  /** `__dirname`, `import.meta.dirname`, `dirname(fileURLToPath(import.meta.url))`. */
  #isFolder(node: AnyNode): boolean {
    if (node.type === 'Identifier') {
      return this.#folders.has(node.name)
    }
    const name = node.type === 'CallExpression' && nameOf(node.callee)
    return isMeta(node, 'dirname') || (name === 'dirname' && isOwnFile(node.arguments[0]))
  }
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

/** What `join` and `resolve` are called with; nothing for any other node. */
function joined(node: AnyNode): AnyNode[] {
  const name = node.type === 'CallExpression' && nameOf(node.callee)
  return name === 'join' || name === 'resolve' ? node.arguments : []
}

function isOwnUrl(node: AnyNode): boolean {
  return node.type === 'NewExpression' && node.callee.name === 'URL' && isMeta(node.arguments[1], 'url')
}

function isCreateRequire(node: AnyNode): boolean {
  return node.type === 'CallExpression' && nameOf(node.callee) === 'createRequire'
}

function isOwnFile(node: AnyNode | undefined): boolean {
  const isConverted =
    node?.type === 'CallExpression' &&
    nameOf(node.callee) === 'fileURLToPath' &&
    isMeta(node.arguments[0], 'url')
  return node?.name === '__filename' || isMeta(node, 'filename') || isConverted
}

function isMeta(node: AnyNode | undefined, property: string): boolean {
  return node?.object?.type === 'MetaProperty' && node.property.name === property
}

/** `join` of `join` and of `path.join`. */
function nameOf(callee: AnyNode): string | undefined {
  return callee.property?.name ?? callee.name
}

/** A path that stands right behind a folder's. */
function behindFolder(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined
}

/** What a text begins with, before what is computed. */
function begunText(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'BinaryExpression' && node.operator === '+') {
    return begunText(node.left)
  }
  return node?.type === 'TemplateLiteral' ? node.quasis[0].value.cooked : textOf(node)
}

function textOf(node: AnyNode | undefined): string | undefined {
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) {
    return node.quasis[0].value.cooked
  }
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}
