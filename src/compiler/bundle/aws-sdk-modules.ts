/**
 * Bundles the AWS SDK from its ES modules.
 *
 * Its packages have both ES modules and CommonJS (fields `module` and `main` in package.json), and for
 * Node.js esbuild takes the second, since there are packages whose two kinds differ. Those of the AWS SDK are
 * generated from one source. From ES modules, what a function does not use is left out: with a DynamoDB
 * client and zod, the bundle is 1.15 MB instead of 1.48, and loading it takes 75 ms instead of 102; with a
 * code cache 40 instead of 56.
 */
import { join } from 'node:path'
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild'
import { packageFolder, packageName } from '../dependencies/package-of-file.ts'
import { readJson } from '../text/byte-order-mark.ts'

const SDK_PACKAGE = /^@(?:aws-sdk|smithy)\/[^/]+$/
/** Marks what this plugin itself asks esbuild, so that it does not answer itself. */
const ASKED = Symbol('asked by aws-sdk-modules')

/** What imports have led to, by kind, folder and specifier. A function's bundles have the same answers, and ask often. */
export type KnownSdkModules = Map<string, Promise<OnResolveResult | undefined>>

/** `known` is filled, and to be of one function; without it, nothing is remembered. */
export function awsSdkModules(known?: KnownSdkModules): Plugin {
  return {
    name: 'aws-sdk-modules',
    setup(build) {
      const modules = new Map<string, Promise<string | undefined>>()
      build.onResolve({ filter: SDK_PACKAGE }, (args) => {
        if (args.pluginData === ASKED) {
          return undefined
        }
        const key = JSON.stringify([args.kind, args.namespace, args.resolveDir, args.path])
        const found = known?.get(key) ?? resolveModule(build, args, modules)
        known?.set(key, found)
        return found
      })
    },
  }
}

/** `modules`: what is known of packages, by folder. */
async function resolveModule(
  build: PluginBuild,
  args: OnResolveArgs,
  modules: Map<string, Promise<string | undefined>>,
): Promise<OnResolveResult | undefined> {
  const resolved = await resolveUsually(build, args)
  if (resolved.errors.length > 0) {
    // esbuild knows best what to say of it, and where it is no error: in a `try`.
    return undefined
  }
  const folder = packageFolder(resolved.path)
  if (resolved.external || folder === undefined || packageName(resolved.path) !== args.path) {
    return resolved
  }
  const module = modules.get(folder) ?? moduleFile(folder)
  modules.set(folder, module)
  return { ...resolved, path: (await module) ?? resolved.path }
}

function resolveUsually(build: PluginBuild, { path, kind, importer, namespace, resolveDir }: OnResolveArgs) {
  return build.resolve(path, { kind, importer, namespace, resolveDir, pluginData: ASKED })
}

/**
 * The ES module that stands for a whole package; undefined when package.json names none, or says by itself
 * which file is for whom.
 */
async function moduleFile(folder: string): Promise<string | undefined> {
  const { module, exports } = await readJson(join(folder, 'package.json'))
  return typeof module === 'string' && exports === undefined ? join(folder, module) : undefined
}
