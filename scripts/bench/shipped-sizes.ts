/** How much of a contender would be uploaded. */

import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deflateRaw } from 'node:zlib'
import type { Contender } from './contenders.ts'

/** Bytes of the executable and of the zip. Deflate takes 5 s for a Node.js, so each file is deflated once. */
export async function shippedSizes({
  shipped,
}: Contender): Promise<{ executableBytes: number; zipBytes: number }> {
  if ('zips' in shipped) {
    const sizes = shipped.zips.map((zip) => statSync(zip).size)
    return {
      executableBytes: statSync(shipped.executable).size,
      zipBytes: sizes.reduce((sum, size) => sum + size, 0),
    }
  }
  const [executable = ''] = shipped
  let zipBytes = 22
  for (const file of shipped.flatMap(filesOf)) {
    zipBytes += await zippedBytes(file)
  }
  return { executableBytes: statSync(executable).size, zipBytes }
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) {
    return [path]
  }
  const inside = globSync('**', { cwd: path }).map((name) => join(path, name))
  return inside.filter((file) => statSync(file).isFile())
}

const zipped = new Map<string, Promise<number>>()

/** What an entry takes in a zip: its two headers, its name twice, its deflated content. */
function zippedBytes(file: string): Promise<number> {
  const known = zipped.get(file) ?? deflatedBytes(file)
  zipped.set(file, known)
  return known
}

async function deflatedBytes(file: string): Promise<number> {
  const deflated = await promisify<Buffer, { level: number }, Buffer>(deflateRaw)(readFileSync(file), {
    level: 6,
  })
  return 30 + 46 + 2 * Buffer.byteLength(file.slice(file.lastIndexOf('/') + 1)) + deflated.length
}
