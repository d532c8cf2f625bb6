/** Native addons (`.node` files) cannot be in a bundle: the system loads them from a file of their own. */
import { relative } from 'node:path'
import type { Plugin } from 'esbuild'
import { packageName } from '../dependencies/package-of-file.ts'

/** Leaves the import of an addon to the package that has it, and refuses one of the author's own with what to do instead. */
export const leaveNativeAddons: Plugin = {
  name: 'native-addons',
  setup(build) {
    build.onResolve({ filter: /\.node$/ }, ({ path, importer }) => {
      if (packageName(importer) !== undefined || /^[^./]/.test(path)) {
        return undefined
      }
      const file = relative(process.cwd(), importer)
      return {
        errors: [
          {
            text: `${path} is a native addon, which cannot be part of the bundle: ship it with --include, and load it with process.dlopen or a require made by createRequire from LAMBDA_TASK_ROOT (imported by ${file})`,
          },
        ],
      }
    })
    // One that stands for a whole package. What imports it is not bundled in the end.
    build.onLoad({ filter: /\.node$/ }, () => ({ contents: '' }))
  },
}
