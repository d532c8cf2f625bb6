/**
 * What in an author's module is a path that begins at the module's own: the expressions of such paths, where their value can be told
 * without running them, or at least the file or folder that they begin with. And the names of packages that it looks for.
 */
import { existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type AnyNode, childrenOf, isMeta, type Span } from '../../syntax-tree.ts'
import { type Folder, OwnVariables } from './own-variables.ts'

/** An empty span is of a path that is right as it is. */
export interface OwnPath extends Span {
  /** Absolute: what the expression's value means, with the slash that it ends with. */
  readonly target: string
  /** What its value is: a path, a URL, or a URL's text. */
  readonly kind: 'path' | 'url' | 'href'
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
  readonly #variables: OwnVariables

  /** `file` is the module's absolute path. */
  constructor(file: string) {
    this.#file = file
    this.#folder = dirname(file)
    this.#variables = new OwnVariables(file)
  }

  visit(node: AnyNode): void {
    this.#variables.read(node, (value) => this.#placedFolder(value))
    this.#readResolved(node)
    const found =
      this.#readUrl(node) ??
      this.#readJoin(node) ??
      this.#readSum(node) ??
      this.#readResolvedPath(node) ??
      this.#readResolvedUrl(node)
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

  /** `resolve(__dirname, '..')`, where such a folder is. */
  #placedFolder(value: AnyNode): Folder | undefined {
    const found = this.#readJoin(value) ?? this.#readSum(value)
    const path = found && resolve(found.target)
    return path !== undefined && existsSync(path) && statSync(path).isDirectory()
      ? { path, isPlaced: true }
      : undefined
  }

  /** `require.resolve('axe-core/axe.js')`, `import.meta.resolve('axe-core')`, `createRequire(process.cwd())('yaml')`. */
  #readResolved(node: AnyNode): void {
    const name = node.type === 'CallExpression' ? textOf(node.arguments[0]) : undefined
    if (name === undefined || isRelative(name)) {
      return
    }
    const { callee } = node
    const isResolved =
      isMeta(callee, 'resolve') ||
      (callee.property?.name === 'resolve' &&
        (this.#variables.isRequire(callee.object, { any: true }) ||
          this.#variables.isCreateRequire(callee.object)))
    if (isResolved || this.#variables.isOtherRequire(callee) || this.#variables.isCreateRequire(callee)) {
      this.resolved.push(name)
    }
  }

  /** `require.resolve('./child')`. */
  #readResolvedPath(node: AnyNode): Found | undefined {
    const { callee } = node
    const isResolved =
      node.type === 'CallExpression' &&
      callee.property?.name === 'resolve' &&
      this.#variables.isRequire(callee.object, { any: false })
    const name = isResolved ? textOf(node.arguments[0]) : undefined
    const path = name !== undefined && isRelative(name) ? resolve(this.#folder, name) : undefined
    const target = path && ['', '.ts', '.js', '.cjs', '.json'].map((ending) => path + ending).find(isFile)
    return target ? { target, kind: 'path' } : undefined
  }

  /** `import.meta.resolve('./page.html')`. */
  #readResolvedUrl(node: AnyNode): Found | undefined {
    const isResolved = node.type === 'CallExpression' && isMeta(node.callee, 'resolve')
    const name = isResolved ? textOf(node.arguments[0]) : undefined
    return name !== undefined && isRelative(name)
      ? { target: placeAt(this.#folder, decodeURI(name)), kind: 'href' }
      : undefined
  }

  /** `new URL('./a.ts', import.meta.url)`. */
  #readUrl(node: AnyNode): Found | undefined {
    if (!this.#isUrlOfOwn(node)) {
      return undefined
    }
    const path = textOf(node.arguments[0])
    const isPath = path !== undefined && !/^[a-z]+:|^\//i.test(path)
    return isPath ? { target: placeAt(this.#folder, decodeURI(path)), kind: 'url' } : undefined
  }

  /** `join(__dirname, 'a.html')`. */
  #readJoin(node: AnyNode): Found | undefined {
    const [from, ...rest] = this.#joined(node)
    const folder = this.#variables.folderOf(from)
    const words = rest.map(textOf)
    const isPath = folder !== undefined && words.length > 0
    return isPath && words.every((word: unknown) => typeof word === 'string' && !PATTERN.test(word))
      ? { target: placeAt(folder.path, words.join('/')), kind: 'path' }
      : undefined
  }

  /** `__dirname + '/a.html'`, and the same as a template. */
  #readSum(node: AnyNode): Found | undefined {
    const [from, path]: [AnyNode?, (string | undefined)?] =
      node.type === 'BinaryExpression' && node.operator === '+'
        ? [node.left, textOf(node.right)]
        : node.type === 'TemplateLiteral' &&
            node.expressions.length === 1 &&
            node.quasis[0].value.cooked === ''
          ? [node.expressions[0], node.quasis[1].value.cooked as string]
          : []
    const folder = this.#variables.folderOf(from)
    return folder !== undefined && path?.startsWith('/') && !PATTERN.test(path)
      ? { target: placeAt(folder.path, path), kind: 'path' }
      : undefined
  }

  /** `new Worker(__filename)`, `fork(fileURLToPath(import.meta.url))`: the module itself, run once more. */
  #readSelf(node: AnyNode): OwnPath | undefined {
    const variables = this.#variables
    const isRun =
      (node.type === 'NewExpression' && /Worker$/.test(variables.nameOf(node.callee) ?? '')) ||
      (node.type === 'CallExpression' && variables.nameOf(node.callee) === 'fork')
    const [first] = isRun ? node.arguments : []
    const isMade = first?.type === 'NewExpression' && variables.nameOf(first.callee) === 'URL'
    const isSelf = isMade
      ? first.arguments.length === 1 && variables.isUrl(first.arguments[0])
      : variables.isFile(first)
    return isSelf
      ? { start: first.start, end: first.end, target: this.#file, kind: isMade ? 'url' : 'path' }
      : undefined
  }

  /** What such a path begins from, where a part of it is computed, and the rest before that is there. */
  #readBegun(node: AnyNode): OwnPath | undefined {
    const [from, path] = this.#beginningOf(node)
    const isUrl = this.#variables.isUrl(from)
    const folder = isUrl ? { path: this.#folder, isPlaced: false } : this.#variables.folderOf(from)
    const reads = path === undefined || folder === undefined ? undefined : thereOf(folder.path, path)
    if (from === undefined || folder === undefined || reads === undefined) {
      return undefined
    }
    const span = { start: from.start, end: folder.isPlaced ? from.start : from.end }
    return isUrl
      ? { ...span, reads, target: this.#file, kind: 'href' }
      : { ...span, reads, target: folder.path, kind: 'path' }
  }

  /** ``join(__dirname, 'pages', name)``, `` `${__dirname}/pages/${name}` ``, `` new URL(`./pages/${name}`, import.meta.url) ``. */
  #beginningOf(node: AnyNode): readonly [from: AnyNode | undefined, path: string | undefined] {
    if (this.#isUrlOfOwn(node)) {
      return [node.arguments[1], begunText(node.arguments[0])]
    }
    if (node.type === 'TemplateLiteral' && node.quasis[0].value.cooked === '') {
      return [node.expressions[0], behindFolder(node.quasis[1]?.value.cooked)]
    }
    if (node.type === 'BinaryExpression' && node.operator === '+') {
      return [node.left, behindFolder(begunText(node.right))]
    }
    const [from, ...rest] = this.#joined(node)
    const computed = rest.findIndex((word) => textOf(word) === undefined)
    const whole = rest.slice(0, computed === -1 ? rest.length : computed).map(textOf)
    const last = computed === -1 ? '' : begunText(rest[computed])
    return [from, [...whole, last].join('/')]
  }

  /** What `join` and `resolve` are called with; nothing for any other node. */
  #joined(node: AnyNode): AnyNode[] {
    const name = node.type === 'CallExpression' && this.#variables.nameOf(node.callee)
    return name === 'join' || name === 'resolve' ? node.arguments : []
  }

  #isUrlOfOwn(node: AnyNode): boolean {
    return (
      node.type === 'NewExpression' && node.callee.name === 'URL' && this.#variables.isUrl(node.arguments[1])
    )
  }
}

/** Absolute, with the slash that `path` ends with; `path` is one from the folder on, however it begins. */
function placeAt(folder: string, path: string): string {
  return resolve(folder, `./${path}`) + (path.endsWith('/') ? '/' : '')
}

/** The file or folder that a path which may go on begins with; undefined where nothing of it is written out. */
function thereOf(folder: string, path: string): string | undefined {
  const names = path.split('/')
  const pattern = names.findIndex((name) => PATTERN.test(name))
  // What is behind the last slash may be a part of a name.
  const known = names.slice(0, pattern === -1 ? names.length - 1 : pattern).filter((name) => name !== '')
  const target = resolve(folder, ...known)
  return known.some((name) => name !== '.') && existsSync(target) ? target : undefined
}

function isRelative(name: string): boolean {
  return /^\.\.?\//.test(name)
}

export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
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
