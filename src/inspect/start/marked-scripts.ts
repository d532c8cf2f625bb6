/** The function's scripts with marks where another module begins, as files: for starts that are traced. */
import { isAscii } from 'node:buffer'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkOfScript } from '../../executable/format.ts'
import { recordedBytes } from '../package/executable-parts.ts'
import type { InspectedContents } from '../package/inspection.ts'
import { moduleSpans } from '../package/script-modules.ts'
import { markModules } from './mark-modules.ts'
import { ModuleNumbers } from './module-numbers.ts'
import type { TraceSettings } from './trace.ts'

export interface MarkedScripts {
  readonly scripts: TraceSettings['scripts']
  /** Of modules, by their numbers. */
  readonly paths: readonly string[]
}

/** The function's scripts with marks in `folder`; of what cannot be marked the time is told as a whole. */
export async function writeMarkedScripts(
  { opened, parts }: InspectedContents,
  folder: string,
): Promise<MarkedScripts> {
  const [first] = parts.executables
  const numbers = new ModuleNumbers()
  const scripts: Record<string, { text: string; cache: string }> = {}
  if (first === undefined) {
    return { scripts, paths: [] }
  }
  const [name, { blob, record }] = first
  const bytes = await readFile(join(opened.folder, name))
  await mkdir(folder, { recursive: true })
  for (const [asset, { start, end }] of blob.assets) {
    const map = blob.assets.get(`${asset}.map`)
    const script = bytes.subarray(start, end)
    const chunk = chunkOfScript(asset)
    if (chunk !== undefined && map !== undefined && isAscii(script)) {
      const spans = moduleSpans(script, bytes.subarray(map.start, map.end), recordedBytes(record, chunk))
      const text = join(folder, asset)
      await writeFile(text, markModules(script.toString('latin1'), numbers.spans(spans)))
      scripts[asset] = { text, cache: join(folder, `${asset}.cache`) }
    }
  }
  return { scripts, paths: numbers.paths }
}
