/**
 * What Node.js has for a CommonJS module and not for an ES module: `module` and `exports`. In a bundle each module sees those of
 * the chunk. An ES module that asks whether it has any, `if (typeof module !== 'undefined') module.exports = …`, as builds for
 * browsers and for Node.js do, would put its own in the place of the function's exports.
 */
import { extname } from 'node:path'
import { namesDeclaredIn, parseModule } from '../../syntax-tree.ts'
import { findPackageJson } from '../nearest-manifest.ts'
import { isEsModule } from '../node-resolution.ts'

const ASKS = /\btypeof[\s(]+(module|exports)\b/g

/** Whether a module, TypeScript too, may ask for such names. */
export function mayAskForNames(code: string): boolean {
  return code.search(ASKS) !== -1
}

/** The names that a module asks for and has not, as it is an ES module. `code` is what it is as JavaScript. */
export async function findAbsentNames(file: string, code: string): Promise<string[]> {
  const asked = new Set([...code.matchAll(ASKS)].map(([, name]) => name ?? ''))
  if (asked.size === 0 || !(await isEsModuleOf(file))) {
    return []
  }
  const program = parseModule(code)
  const declared = program === undefined ? asked : namesDeclaredIn(program)
  return [...asked].filter((name) => !declared.has(name)).sort()
}

/** What stands behind a module's code for it to have none of `names`. Its lines stay where they are. */
export function withoutNames(names: readonly string[]): string {
  return names.length === 0 ? '' : `\nvar ${names.join(', ')};`
}

/** TypeScript is what its package.json says; without a word of that `tsc` makes CommonJS of it. */
async function isEsModuleOf(file: string): Promise<boolean> {
  const [, kind] = /^\.([cm]?)tsx?$/.exec(extname(file)) ?? []
  if (kind === undefined) {
    return isEsModule(file)
  }
  return kind === 'm' || (kind === '' && (await findPackageJson(file))?.type === 'module')
}
