/**
 * Which packages that a configuration imports are bundled with it: those of the same workspace, whose folders are outside of any
 * `node_modules`. Their files are the project's own, TypeScript that Node.js may not take as it is. Others are Node.js's to load.
 */
import { existsSync, realpathSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild, ResolveResult } from 'esbuild'

/** Marks what this plugin asks itself. */
const ASKED = Symbol('asked by linked-packages')
/** Linked in a project that tries a checkout of it; it is a program with its own ways, and no settings. */
const OWN_NAME = 'lambdabin'
const BUNDLED = /\.([cm]?[jt]s|[jt]sx|json)$/

/** `folder` is the configuration's: Node.js looks for packages from there. */
export function linkedPackages(folder: string): Plugin {
  return {
    name: 'linked-packages',
    setup(pluginBuild) {
      pluginBuild.onResolve({ filter: /^[^./]/ }, (asked) => resolvePackage(pluginBuild, asked, folder))
    },
  }
}

async function resolvePackage(
  pluginBuild: PluginBuild,
  { path, pluginData, kind, importer, namespace, resolveDir }: OnResolveArgs,
  folder: string,
): Promise<OnResolveResult | undefined> {
  if (pluginData === ASKED || kind === 'entry-point') {
    return undefined
  }
  const name = /^(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path
  if (isBuiltin(path) || name === OWN_NAME) {
    return { path, external: true }
  }
  const found = await pluginBuild.resolve(path, {
    ...{ kind, importer, namespace, resolveDir },
    pluginData: ASKED,
  })
  const installed = installedFolder(name, resolveDir)
  if (isOwn(found, installed)) {
    return found
  }
  // What esbuild does not find, Node.js may, or says so.
  if (installed === undefined || installed === installedFolder(name, folder) || found.errors.length > 0) {
    return { path, external: true }
  }
  // From the configuration's folder, Node.js would find another one, or none.
  return { path: kind.startsWith('require') ? found.path : pathToFileURL(found.path).href, external: true }
}

/** Of the workspace, or what `paths` of a `tsconfig.json` and `imports` of a `package.json` lead to. */
function isOwn({ errors, external, namespace, path }: ResolveResult, installed: string | undefined): boolean {
  if (errors.length > 0 || external || namespace !== 'file' || !BUNDLED.test(path)) {
    return false
  }
  return installed === undefined || !isInNodeModules(realpathSync(path))
}

function isInNodeModules(path: string): boolean {
  return path.split(sep).includes('node_modules')
}

/** Its real path, as Node.js finds it from `folder`; undefined where there is none. */
function installedFolder(name: string, folder: string): string | undefined {
  for (let each = folder; ; each = dirname(each)) {
    const place = join(each, 'node_modules', name)
    if (existsSync(place)) {
      return realpathSync(place)
    }
    if (dirname(each) === each) {
      return undefined
    }
  }
}
