/**
 * Namespaces that esbuild wraps where it need not.
 *
 * In a script, esbuild writes an import of what is not in the bundle as `__toESM(require("a"), 1)`: it takes it for CommonJS, and
 * gives it the `default` that Node.js gives that. What `require` returns of an ES module is its namespace already, with
 * a `default` of its own.
 */

// A word is walked from its beginning only.
const WRAPPED_REQUIRE = /(?<![\w$])[\w$]+(\(require\("([^"\\]+)"\))(,\s*1)?\)/g

/** The code without the wrapping of what `isNamespace` says is one, each position where it was. */
export function unwrapNamespaces(code: string, isNamespace: (specifier: string) => boolean): string {
  return code.replace(WRAPPED_REQUIRE, (whole, required: string, specifier: string, nodeMode = '') =>
    isNamespace(specifier)
      ? `${' '.repeat(whole.length - required.length - nodeMode.length - 1)}${required}${' '.repeat(nodeMode.length)})`
      : whole,
  )
}
