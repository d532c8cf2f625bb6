/** What a package is made of: the function and the runtime, bundled, what is shipped beside them, and a Node.js. */
import { join } from 'node:path'
import { type BaseNode, prepareBaseNode } from './base-node/base-node.ts'
import { bundleFunction, type FunctionBundle, writeBundledFiles } from './bundle/bundle-function.ts'
import { bundleRuntime, type RuntimeBundle } from './bundle/bundle-runtime.ts'
import type { FunctionOptions } from './function-options.ts'
import { findIncludes } from './package/included-files.ts'
import { listShippedPackages, type ShippedPackages } from './package/shipped-packages.ts'
import type { PackageFile } from './package/write-zip.ts'
import type { BuildSteps } from './steps.ts'

export interface BuildInputs {
  readonly bundle: FunctionBundle
  readonly runtime: RuntimeBundle
  readonly base: BaseNode
  readonly shipped: ShippedPackages
  /** What is beside the executable. */
  readonly files: readonly PackageFile[]
}

/** `folder` is not there yet, and for files that the bundler makes. Rejects with a BuildError. */
export async function findInputs(
  options: FunctionOptions,
  steps: BuildSteps,
  folder: string,
): Promise<BuildInputs> {
  const { entry, target, init } = options
  const [bundle, runtime] = await steps.run('bundle', () =>
    Promise.all([
      // A snapshot holds the heap of one chunk.
      bundleFunction(entry, options.bundle, { split: init.at === 'lambda' }),
      bundleRuntime(),
    ]),
  )
  const shipped = await listShippedPackages(bundle.packages.packages, target.arch)
  const bundled = bundle.files.map(({ path }) => ({ path, source: join(folder, path), executable: false }))
  await writeBundledFiles(bundle.files, folder)
  const files = [...(await findIncludes(options.include)), ...shipped.files, ...bundled]
  const base = await steps.run('base Node.js', () =>
    prepareBaseNode(target.arch, target.nodePath, (message) => steps.notice(message), target.locales),
  )
  return { bundle, runtime, base, shipped, files }
}
