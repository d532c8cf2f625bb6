/**
 * What in a module stands for the module's own path, and for `createRequire`: under their own names, under those that the module
 * gives them, and in the forms that esbuild, Rollup, Rolldown, tsup and webpack write.
 */
import { type AnyNode, branchesOf, childrenOf, isOwnLocation, withoutFunction } from '../../syntax-tree.ts'

/** `createRequire`, `createRequire$1`, `__WEBPACK_EXTERNAL_createRequire`. */
const CREATE_REQUIRE = /createRequire(?:\$?\d+)?$/i

/** What makes a path of a URL, a URL of a path, and nothing else of either. */
const CONVERSION = /^(?:fileURLToPath|pathToFileURL|URL|String)\d*$/

/** What a module's variables stand for. */
export class OwnNames {
  readonly #locations = new Set<string>()
  readonly #makers = new Set<string>()

  constructor(program: AnyNode | undefined) {
    if (program !== undefined) {
      this.#read(program)
    }
  }

  /** `import.meta.url`, `import.meta.url ?? __filename`, `url` after `const url = import.meta.url`. */
  isLocation(node: AnyNode | undefined): boolean {
    return isOwnLocation(node) || this.#isKept(node)
  }

  /** `createRequire(…)`, `module.createRequire(…)`, `(0, module.createRequire)(…)`: whether `callee` is that. */
  isCreateRequire(callee: AnyNode): boolean {
    if (callee.type === 'SequenceExpression') {
      return this.isCreateRequire(callee.expressions.at(-1))
    }
    const name = callee.type === 'MemberExpression' ? callee.property.name : callee.name
    return CREATE_REQUIRE.test(name ?? '') || (callee.type === 'Identifier' && this.#makers.has(callee.name))
  }

  /** In order, as a variable may be made of another. */
  #read(node: AnyNode): void {
    if (node.type === 'ImportSpecifier' && node.imported.name === 'createRequire') {
      this.#makers.add(node.local.name)
    } else if (node.type === 'VariableDeclarator' && node.init) {
      const value = withoutFunction(node.init)
      if (node.id.type === 'Identifier' && this.#isKept(value)) {
        this.#locations.add(node.id.name)
      }
      for (const { key, value: local } of node.id.properties ?? []) {
        if (key?.name === 'createRequire' && local.type === 'Identifier') {
          this.#makers.add(local.name)
        }
      }
    }
    childrenOf(node).forEach((child) => {
      this.#read(child)
    })
  }

  /** The path of the module itself, and not that of something beside it. */
  #isKept(node: AnyNode | undefined): boolean {
    switch (node?.type) {
      case 'Identifier':
        return node.name === '__filename' || this.#locations.has(node.name)
      case 'MemberExpression':
        return node.object.type === 'MetaProperty'
          ? /^(?:url|filename)$/.test(node.property.name)
          : node.property.name === 'href' && this.#isKept(node.object)
      case 'CallExpression':
      case 'NewExpression':
        return (
          (CONVERSION.test(node.callee.property?.name ?? node.callee.name) &&
            this.#isKept(node.arguments[0])) ||
          (node.callee.type === 'Identifier' && this.#locations.has(node.callee.name))
        )
      case 'TemplateLiteral':
        return (
          /^(?:file:(?:\/\/)?)?$/.test(node.quasis[0].value.cooked) && node.expressions.some(this.#isKeptOne)
        )
      default:
        return branchesOf(node).some(this.#isKeptOne)
    }
  }

  readonly #isKeptOne = (node: AnyNode): boolean => this.#isKept(node)
}
