/** Native addons (`.node` files) cannot be in a bundle: the system loads them from a file of their own. */
import { relative } from 'node:path'
import type { Plugin } from 'esbuild'

/** Refuses an import of a native addon with what to do instead. */
export const refuseNativeAddons: Plugin = {
  name: 'native-addons',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path, importer }) => {
      const owner = packageOf(path) ?? packageOf(importer)
      const file = relative(process.cwd(), importer)
      return {
        errors: [
          {
            text: owner
              ? `${path} is a native addon, which cannot be part of the bundle: build with --external ${owner}, which ships that package beside the executable`
              : `${path} is a native addon, which cannot be part of the bundle: ship it with --include, and load it with process.dlopen or a require made by createRequire from LAMBDA_TASK_ROOT (imported by ${file})`,
          },
        ],
      }
    })
  },
}

/** Name of the package that a file in `node_modules` belongs to. */
function packageOf(path: string): string | undefined {
  return /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(path)?.[1]?.replace('\\', '/')
}
