/** How a function of a test's project is to be built. */

import { join } from 'node:path'
import type { FunctionOptions } from '../../../src/compiler/function-options.ts'

/** `src/orders.ts` of a project with `event.json` and the folder `data`. */
export function functionOptions(
  project: string,
  externals: readonly string[],
  changes: object = {},
): FunctionOptions {
  return {
    entry: join(project, 'src/orders.ts'),
    name: 'orders',
    outDir: join(project, 'dist'),
    target: { arch: 'x64', nodePath: undefined, locales: undefined },
    bundle: { minify: true, externals, bundled: [], root: project, esbuild: {} },
    init: { at: 'lambda', events: [join(project, 'event.json')] },
    include: { paths: ['data'], root: project },
    compression: 'fast',
    notices: true,
    ...changes,
  }
}
