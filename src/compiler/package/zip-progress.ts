/** How far the compression of a package has come, where that takes long. */
import { stat } from 'node:fs/promises'
import type { PackageFile } from './write-zip.ts'

/** Milliseconds between two notices. */
const INTERVAL_MS = 5000

/** Resolves to what is to be told of each piece that is compressed; `notice` hears a sentence from time to time. */
export async function zipProgress(
  files: readonly PackageFile[],
  notice: (message: string) => void,
  now: () => number = () => performance.now(),
): Promise<(bytes: number) => void> {
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size))
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  let told = now()
  return (bytes) => {
    done += bytes
    if (now() - told >= INTERVAL_MS && done < all) {
      told = now()
      notice(`compressed ${megabytes(done)} of ${megabytes(all)} MB`)
    }
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
