/** Finds the file that an import leads to as Node.js does, which differs from a bundler in its conditions and fields. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, isAbsolute } from 'node:path'
import { init, parse } from 'es-module-lexer'
import { build, type ImportKind, type PluginBuild } from 'esbuild'
import { findPackageJson } from './nearest-manifest.ts'

/** What `require.resolve` gives for a module: a file, or none. */
export function resolveFrom(specifier: string, file: string): string[] {
  try {
    const found = createRequire(file).resolve(specifier)
    return isAbsolute(found) ? [found] : []
  } catch {
    return [] // As it will when it is reached.
  }
}

export class NodeResolver {
  readonly #build: Promise<PluginBuild>
  readonly #end: () => void

  /** To be closed. `project` is any folder. */
  constructor(project: string) {
    const opened = Promise.withResolvers<PluginBuild>()
    const ended = Promise.withResolvers<void>()
    this.#build = opened.promise
    this.#end = ended.resolve
    build({
      stdin: { contents: '', resolveDir: project },
      bundle: true,
      write: false,
      platform: 'node',
      mainFields: ['main'],
      conditions: ['module-sync', 'node-addons'],
      logLevel: 'silent',
      plugins: [
        {
          name: 'node-resolution',
          setup(plugin) {
            plugin.onStart(() => {
              opened.resolve(plugin)
              return ended.promise
            })
          },
        },
      ],
    }).catch(opened.reject)
  }

  /** Undefined where Node.js would find nothing. */
  async resolve(specifier: string, importer: string, kind: ImportKind): Promise<string | undefined> {
    const plugin = await this.#build
    const resolveDir = dirname(importer)
    const { path, errors, namespace } = await plugin.resolve(specifier, { importer, resolveDir, kind })
    return errors.length === 0 && namespace === 'file' ? path : undefined
  }

  close(): void {
    this.#end()
  }
}

/** Whether Node.js takes a file for an ES module. */
export async function isEsModule(file: string): Promise<boolean> {
  if (extname(file) !== '.js') {
    return extname(file) === '.mjs'
  }
  const type = (await findPackageJson(file))?.type
  if (type !== undefined) {
    return type === 'module'
  }
  await init
  try {
    return parse(await readFile(file, 'utf8'))[3]
  } catch {
    return false
  }
}

/**
 * Whether `require` returns a module's namespace: of an ES module, unless it exports something as 'module.exports', which is what
 * `require` returns then. (Node.js's documentation, "Loading ECMAScript modules using require()".)
 */
export async function isRequiredAsNamespace(file: string): Promise<boolean> {
  if (!(await isEsModule(file))) {
    return false
  }
  await init
  try {
    return !parse(await readFile(file, 'utf8'))[1].some(
      (each) => 'name' in each && each.name === 'module.exports',
    )
  } catch {
    return true
  }
}
