/**
 * What becomes of files that functions import and that are no code: text, bytes, or what is written in them. A loader that
 * the author names for an ending counts more. `src/files.d.ts` has the types.
 */
import { readFile } from 'node:fs/promises'
import type { Loader, Plugin, PluginBuild } from 'esbuild'

const TEXT = [
  ...['.sql', '.graphql', '.gql', '.html', '.htm', '.txt', '.md', '.csv', '.tsv', '.xml', '.xsl', '.proto'],
  ...['.hbs', '.mustache', '.ejs', '.liquid', '.pem', '.crt'],
]

const BYTES = [
  ...['.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif', '.ico', '.bmp', '.svg', '.pdf'],
  ...['.woff', '.woff2', '.ttf', '.otf', '.eot', '.bin'],
]

export const FILE_LOADERS: Readonly<Record<string, Loader>> = Object.fromEntries([
  ...TEXT.map((ending) => [ending, 'text']),
  ...BYTES.map((ending) => [ending, 'binary']),
])

/** For the endings that esbuild has no loader for. */
export const filePlugin: Plugin = {
  name: 'files',
  setup(build) {
    const own = build.initialOptions.loader ?? {}
    if (own['.yaml'] === undefined && own['.yml'] === undefined) {
      loadYaml(build)
    }
    if (own['.wasm'] === undefined) {
      loadWebAssembly(build)
    }
  },
}

function loadYaml(build: PluginBuild): void {
  build.onLoad({ filter: /\.ya?ml$/ }, async ({ path, with: attributes }) => {
    if (attributes.type !== undefined) {
      return undefined
    }
    const { parseDocument } = await import('yaml')
    const document = parseDocument(await readFile(path, 'utf8'), { merge: true })
    const [error] = document.errors
    if (error === undefined) {
      return { contents: JSON.stringify(document.toJS() ?? null), loader: 'json' }
    }
    const [{ line = 1, col = 1 } = {}] = error.linePos ?? []
    const [text = ''] = error.message.split('\n')
    return { errors: [{ text, location: { file: path, line, column: col - 1 } }] }
  })
}

/** Marks the bytes of a WebAssembly module, which the module that stands for it imports. */
const WASM_BYTES = 'wasm-bytes'

/**
 * The default export is the module's bytes, unless it has an export of that name. The others are those of an instance, as
 * WebAssembly's integration into ES modules says; it is there if something imports one of them.
 */
function loadWebAssembly(build: PluginBuild): void {
  build.onResolve({ filter: /\.wasm$/, namespace: 'file' }, ({ path, pluginData }) =>
    pluginData === WASM_BYTES ? { path, namespace: WASM_BYTES } : undefined,
  )
  build.onLoad({ filter: /.*/, namespace: WASM_BYTES }, async ({ path }) => ({
    contents: await readFile(path),
    loader: 'binary',
  }))
  build.onLoad({ filter: /\.wasm$/, namespace: 'file' }, async ({ path, with: attributes }) => {
    if (attributes.type !== undefined) {
      return undefined
    }
    const bytes = await readFile(path)
    try {
      const module = new Module(bytes)
      return { contents: moduleFor(module, path), loader: 'js', pluginData: WASM_BYTES }
    } catch (error) {
      const text = `it is no WebAssembly module: ${error instanceof Error ? error.message : error}`
      return { errors: [{ text, location: { file: path } }] }
    }
  })
}

interface ModuleMember {
  readonly name: string
}

/** As far as it is used here: the types of it are those of browsers. */
interface WebAssemblyModules {
  readonly Module: {
    new (bytes: Uint8Array): object
    imports(module: object): (ModuleMember & { readonly module: string })[]
    exports(module: object): ModuleMember[]
  }
}

const { Module } = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyModules

function moduleFor(module: object, path: string): string {
  const exported = Module.exports(module).map(({ name }) => name)
  const imported = [...new Set(Module.imports(module).map(({ module: name }) => name))]
  const imports = imported.map((name, index) => `import * as module${index} from ${JSON.stringify(name)}`)
  const given = imported.map((name, index) => `${JSON.stringify(name)}: module${index}`)
  const instance = `/* @__PURE__ */ (() => new WebAssembly.Instance(new WebAssembly.Module(bytes), { ${given.join(', ')} }).exports)()`
  const names = exported.map((name, index) => `export_${index} as ${JSON.stringify(name)}`)
  const values = exported.map(
    (name, index) => `const export_${index} = /* @__PURE__ */ (() => instance[${JSON.stringify(name)}])()`,
  )
  return [
    `import bytes from ${JSON.stringify(path)}`,
    ...imports,
    `const instance = ${instance}`,
    ...values,
    ...(names.length > 0 ? [`export { ${names.join(', ')} }`] : []),
    ...(exported.includes('default') ? [] : ['export default bytes']),
    '',
  ].join('\n')
}
