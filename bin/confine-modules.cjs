/**
 * What Node.js processes preload where their modules are to be found in some folders only: src/sandbox/module-confinement.ts copies it,
 * and puts the list of these folders beside it.
 *
 * A file and not the text of a function: what loads lambdabin, such as tsx or a tool that counts coverage, may put calls of its own into
 * functions, and no other process has what they call. And JavaScript, since executables strip no types.
 */
const { readFileSync } = require('node:fs')
const { Module, registerHooks } = require('node:module')
const { join } = require('node:path')
const { fileURLToPath } = require('node:url')

/** @type {string[]} */
const roots = JSON.parse(readFileSync(join(__dirname, 'module-folders.json'), 'utf8'))

/** @param {string} path */
const isInside = (path) => roots.some((root) => path === root || path.startsWith(`${root}/`))

// Where `require` looks: a package that is further up must not stand in front of one of a layer.
const nodeModulePaths = Module._nodeModulePaths
Module._nodeModulePaths = (from) => nodeModulePaths(from).filter(isInside)

registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context)
    if (!found.url.startsWith('file:') || isInside(fileURLToPath(found.url))) {
      return found
    }
    const { parentURL } = context
    const parent = parentURL?.startsWith('file:') ? fileURLToPath(parentURL) : `${process.cwd()}/`
    throw context.conditions.includes('import')
      ? Object.assign(new Error(`Cannot find package '${specifier}' imported from ${parent}`), {
          code: 'ERR_MODULE_NOT_FOUND',
        })
      : Object.assign(new Error(`Cannot find module '${specifier}'\nRequire stack:\n- ${parent}`), {
          code: 'MODULE_NOT_FOUND',
          requireStack: [parent],
        })
  },
})
