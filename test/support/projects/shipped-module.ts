/** Parts of the runtime as executables have them: bundled, with what of undici and Node.js's TCP they use. */

import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { bundleWithUndici } from '../../../src/compiler/bundle/bundle-runtime.ts'
import { PROJECT } from '../source-imports.ts'

/** The file of `entry`, from the project's folder, bundled into `folder`. */
export async function bundleShipped(entry: string, folder: string): Promise<string> {
  const { code } = await bundleWithUndici({ entryPoints: [join(PROJECT, entry)] })
  const file = join(folder, 'shipped.cjs')
  writeFileSync(file, code)
  return file
}

/** What a bundle made so exports. */
export function loadShipped<Module>(file: string): Module {
  return createRequire(file)(file)
}
