/** Compresses what executables have of a Node.js, before there is a function: most of what the first zip with it takes. */
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import type { RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { openDeflater } from '../deflate/deflate-file.ts'
import { makeExecutable } from '../executable/make-executable.ts'
import { withReadAhead } from '../read-ahead/read-ahead.ts'
import { FUNCTION_KINDS } from '../read-ahead/reference-executable.ts'
import { writeSharedFile } from './shared-blocks.ts'
import { compressedPieces, EXECUTABLE_MODE } from './write-zip.ts'

/** `folder` is empty, and for what comes in between. Rejects with an ExecutableError. */
export async function compressAhead(base: BaseNode, runtime: RuntimeBundle, folder: string): Promise<void> {
  const made = await makeExecutable({ main: runtime.main, assets: {} }, base, join(folder, 'parts'))
  const deflater = openDeflater('fast', compressedPieces())
  try {
    for (const kind of FUNCTION_KINDS) {
      const [best] = await withReadAhead(
        made.bytes,
        base.path,
        { base, runtime, kind },
        [],
        join(folder, kind),
      )
      const executable = join(folder, `${kind}-executable`)
      await writeSharedFile(executable, best?.bytes() ?? made.bytes, EXECUTABLE_MODE, undefined)
      await deflater.deflate(executable)
    }
  } finally {
    await deflater.close()
  }
}
