/** The package.json that Node.js goes by for a file: that of the nearest folder upwards. */
import { dirname, join } from 'node:path'
import { readJson } from '../text/byte-order-mark.ts'
import type { Manifest } from './package-layout.ts'

export async function findPackageJson(file: string): Promise<Manifest | undefined> {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      return await readJson(join(folder, 'package.json'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) {
        return undefined // One that is no JSON.
      }
    }
    if (folder === dirname(folder)) {
      return undefined
    }
  }
}
