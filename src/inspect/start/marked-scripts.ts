/** The function's scripts with marks where another module begins, as files: for starts that are traced. */
import { isAscii } from 'node:buffer'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkName, chunkOfScript, scriptAsset } from '../../executable/format.ts'
import { recordedBytes } from '../package/executable-parts.ts'
import type { InspectedContents } from '../package/inspection.ts'
import { moduleSpans, type RecordedBytes } from '../package/script-modules.ts'
import type { Span } from '../package/sea-blob.ts'
import { markModules } from './mark-modules.ts'
import { ModuleNumbers } from './module-numbers.ts'
import type { TraceSettings } from './trace.ts'

export interface MarkedScripts {
  readonly scripts: TraceSettings['scripts']
  /** Of modules, by their numbers. */
  readonly paths: readonly string[]
}

/** The scripts of `handler`’s function with marks in `folder`; of what cannot be marked the time is told as a whole. */
export async function writeMarkedScripts(
  contents: InspectedContents,
  handler: string,
  folder: string,
): Promise<MarkedScripts> {
  const numbers = new ModuleNumbers()
  const scripts: Record<string, { text: string; cache: string }> = {}
  await mkdir(folder, { recursive: true })
  for (const { asset, script, sourceMap, recorded } of await readChunks(contents, handler)) {
    if (sourceMap !== undefined && isAscii(script)) {
      const spans = moduleSpans(script, sourceMap, recorded)
      const text = join(folder, asset)
      await writeFile(text, markModules(script.toString('latin1'), numbers.spans(spans)))
      scripts[asset] = { text, cache: join(folder, `${asset}.cache`) }
    }
  }
  return { scripts, paths: numbers.paths }
}

interface Chunk {
  /** Of its script: `function.js`. */
  readonly asset: string
  readonly script: Buffer
  readonly sourceMap: Buffer | undefined
  readonly recorded: RecordedBytes
}

/** None of a package with several functions where `handler` names none of them. */
async function readChunks({ opened, parts }: InspectedContents, handler: string): Promise<Chunk[]> {
  const layered = [...parts.layered].find(([name]) => `${handler}.`.startsWith(`${name}.`))
  if (layered !== undefined) {
    const recorded = new Map()
    return layered[1].map((chunk, number) => ({ ...chunk, asset: scriptAsset(chunkName(number)), recorded }))
  }
  const [first] = parts.executables
  if (first === undefined) {
    return []
  }
  const [name, { blob, record }] = first
  const bytes = await readFile(join(opened.folder, name))
  const read = (span: Span | undefined) => span && bytes.subarray(span.start, span.end)
  return [...blob.assets].flatMap(([asset, span]) => {
    const chunk = chunkOfScript(asset)
    const [script, sourceMap] = [read(span), read(blob.assets.get(`${asset}.map`))]
    return chunk === undefined || script === undefined
      ? []
      : [{ asset, script, sourceMap, recorded: recordedBytes(record, chunk) }]
  })
}
