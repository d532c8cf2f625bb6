/** What a module's variables stand for of the module's own path: its folder, others that are told from it, its file, its URL; and Node.js's functions for paths. */
import { dirname } from 'node:path'
import { type AnyNode, isMeta } from '../../syntax-tree.ts'

export interface Folder {
  /** Absolute. */
  readonly path: string
  /** Whether a variable's own expression is rewritten, so that it holds the place in the package. */
  readonly isPlaced: boolean
}

export class OwnVariables {
  readonly #own: Folder
  readonly #folders = new Map<string, Folder>()
  readonly #files = new Set(['__filename'])
  /** Of texts. */
  readonly #urls = new Set<string>()
  readonly #requires = new Set(['require'])
  /** Of another path than the module's own. */
  readonly #otherRequires = new Set<string>()
  /** By what they are called in the module, names of functions. */
  readonly #renamed = new Map<string, string>()

  /** `file` is the module's absolute path. */
  constructor(file: string) {
    this.#own = { path: dirname(file), isPlaced: false }
    this.#folders.set('__dirname', this.#own)
  }

  /** To be called with each node in order; `placedFolder` tells of a path that is computed the folder that it means. */
  read(node: AnyNode, placedFolder: (value: AnyNode) => Folder | undefined): void {
    if (node.type === 'ImportSpecifier') {
      this.#renamed.set(node.local.name, node.imported.name)
    } else if (node.type === 'VariableDeclarator' && node.init) {
      for (const { key, value } of node.id.properties ?? []) {
        this.#readProperty(key?.name, value?.name, node.init.type === 'MetaProperty')
      }
      if (node.id.type === 'Identifier') {
        this.#readVariable(node.id.name, node.init, placedFolder)
      }
    }
  }

  /** `const { dirname } = import.meta`, `const { join: at } = require('path')`. */
  #readProperty(key: string | undefined, name: string | undefined, isMetaProperty: boolean): void {
    if (key === undefined || name === undefined) {
      return
    }
    if (!isMetaProperty) {
      this.#renamed.set(name, key)
    } else if (key === 'dirname') {
      this.#folders.set(name, this.#own)
    } else if (key === 'filename') {
      this.#files.add(name)
    } else if (key === 'url') {
      this.#urls.add(name)
    }
  }

  #readVariable(name: string, value: AnyNode, placedFolder: (value: AnyNode) => Folder | undefined): void {
    const folder = this.folderOf(value) ?? placedFolder(value)
    if (folder !== undefined) {
      this.#folders.set(name, folder)
    } else if (this.isFile(value)) {
      this.#files.add(name)
    } else if (this.isUrl(value)) {
      this.#urls.add(name)
    } else if (this.isCreateRequire(value)) {
      this.#requires.add(name)
      if (!this.isFile(value.arguments[0]) && !this.isUrl(value.arguments[0])) {
        this.#otherRequires.add(name)
      }
    }
  }

  /** `__dirname`, `import.meta.dirname`, `dirname(fileURLToPath(import.meta.url))`, and what a variable holds. */
  folderOf(node: AnyNode | undefined): Folder | undefined {
    if (node?.type === 'Identifier') {
      return this.#folders.get(node.name)
    }
    const name = node?.type === 'CallExpression' && this.nameOf(node.callee)
    return isMeta(node, 'dirname') || (name === 'dirname' && this.isFile(node?.arguments[0]))
      ? this.#own
      : undefined
  }

  /** `__filename`, `import.meta.filename`, `fileURLToPath(import.meta.url)`. */
  isFile(node: AnyNode | undefined): boolean {
    const isConverted =
      node?.type === 'CallExpression' &&
      this.nameOf(node.callee) === 'fileURLToPath' &&
      this.isUrl(node.arguments[0])
    const isKept = node?.type === 'Identifier' && this.#files.has(node.name)
    return isKept || isMeta(node, 'filename') || isConverted
  }

  /** `import.meta.url`. */
  isUrl(node: AnyNode | undefined): boolean {
    return (node?.type === 'Identifier' && this.#urls.has(node.name)) || isMeta(node, 'url')
  }

  isCreateRequire(node: AnyNode | undefined): boolean {
    return node?.type === 'CallExpression' && this.nameOf(node.callee) === 'createRequire'
  }

  /** A `require` of the module's own path, or of `any`. */
  isRequire(node: AnyNode | undefined, { any }: { any: boolean }): boolean {
    return (
      node?.type === 'Identifier' &&
      this.#requires.has(node.name) &&
      (any || !this.#otherRequires.has(node.name))
    )
  }

  isOtherRequire(node: AnyNode | undefined): boolean {
    return node?.type === 'Identifier' && this.#otherRequires.has(node.name)
  }

  /** `join` of `join`, of `path.join`, and of whatever that is called in the module. */
  nameOf(callee: AnyNode): string | undefined {
    return callee.property?.name ?? this.#renamed.get(callee.name) ?? callee.name
  }
}
