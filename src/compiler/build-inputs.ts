/** What a package is made of: the function and the runtime, bundled, what is shipped beside them, a Node.js, and what tells of all that. */
import { join } from 'node:path'
import type { BuildRecord } from '../executable/build-record.ts'
import { type BaseNode, prepareBaseNode } from './base-node/base-node.ts'
import { makeRecord } from './build-record.ts'
import { bundleFunction, type FunctionBundle, writeBundledFiles } from './bundle/bundle-function.ts'
import { bundleRuntime, type RuntimeBundle } from './bundle/bundle-runtime.ts'
import type { FunctionOptions } from './function-options.ts'
import { renderNotices } from './notices/third-party-notices.ts'
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
  /** As far as it is known before there is an executable. */
  readonly record: BuildRecord
  /** The licences of what the package redistributes; empty where they are left out. */
  readonly notices: string
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
      // A snapshot holds the heap of one chunk, and of what nothing requires as it is made.
      bundleFunction(
        entry,
        { ...options.bundle, bundlesInstrumented: init.at === 'build' },
        { split: init.at === 'lambda', isForced: options.isForced ?? false },
      ),
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
  const record = await makeRecord({ options, bundle, base, shipped: shipped.packages })
  const notices = options.notices
    ? await renderNotices({ bundle, base: options.isForLayer ? undefined : base })
    : ''
  return { bundle, runtime, base, shipped, files, record, notices }
}
