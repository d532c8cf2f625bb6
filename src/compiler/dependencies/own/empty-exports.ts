/**
 * `export {}` beside `exports.handler = …`, in one file of TypeScript. It makes a module of the file, so that its names are its own, and `tsc`, which makes
 * CommonJS of it, leaves it out; to esbuild such a file is an ES module that exports nothing.
 */
import type { AnyNode, Span } from '../../syntax-tree.ts'

const EMPTY = /\bexport\s*\{\s*\}/
const ASSIGNS = /^[ \t]*(?:module\.)?exports(?:\.[\w$]+)?[ \t]*=[^=]/m

/** Whether a module assigns to `exports`, as CommonJS does. */
export function assignsExports(text: string): boolean {
  return ASSIGNS.test(text)
}

export function mayHaveEmptyExports(file: string, text: string): boolean {
  return /\.c?tsx?$/.test(file) && EMPTY.test(text) && assignsExports(text)
}

/** None where the module exports something all the same. */
export function emptyExports(program: AnyNode): Span[] {
  const exports: AnyNode[] = program.body.filter(({ type }: AnyNode) => /^Export/.test(type))
  const isEmpty = ({ type, source, declaration, specifiers }: AnyNode) =>
    type === 'ExportNamedDeclaration' && !source && !declaration && specifiers.length === 0
  return exports.every(isEmpty) ? exports : []
}
