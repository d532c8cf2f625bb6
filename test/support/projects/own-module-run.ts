/** Runs a function of a project as it would be on Lambda, in this process. */
import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AuthorOptions } from '../../../src/compiler/bundle/author-options.ts'
import { bundleFunction, writeBundledFiles } from '../../../src/compiler/bundle/bundle-function.ts'
import { describeMissingFiles } from '../../../src/compiler/dependencies/plan-notes.ts'
import { temporaryFolder } from '../emulator/fixture-package.ts'
import { writeFiles } from './files.ts'
import { loadBundle } from './loaded-bundle.ts'

/** Bundles `src/orders.ts`, lays it out with `included` files of the project, and calls its handler. */
export async function runOwnModule(
  t: TestContext,
  files: Parameters<typeof writeFiles>[1],
  included: readonly string[] = [],
  esbuild: AuthorOptions = {},
) {
  const project = writeFiles(temporaryFolder(t), { 'package.json': { type: 'module' }, ...files })
  const options = { minify: true, externals: [], bundled: [], esbuild }
  const bundle = await bundleFunction(join(project, 'src/orders.ts'), options)
  const taskRoot = temporaryFolder(t)
  await writeBundledFiles(bundle.files, taskRoot)
  for (const path of included) {
    mkdirSync(dirname(join(taskRoot, path)), { recursive: true })
    copyFileSync(join(project, path), join(taskRoot, path))
  }
  const missing = describeMissingFiles(bundle.packages, { paths: included, root: project })
  const { exports } = await loadBundle(bundle, taskRoot)
  return { result: await exports.handler(), missing, files: bundle.files.map(({ path }) => path) }
}

/** Source of `ask`, which resolves to the first message of a worker or a child. */
export const ASK = `
  const ask = (worker: any) => new Promise((resolve, reject) => { worker.once('message', resolve); worker.once('error', reject) })`
