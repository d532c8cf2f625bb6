/** `lambdabin layer`: makes the runtime layer that functions built with --for-layer run with. */
import process from 'node:process'
import { buildLayer } from '../../api/build-layer.ts'
import type { BuiltLayer } from '../../compiler/layer/build-layer.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { FUNCTION_OPTIONS } from '../../configuration/build-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { describePackage, stepLine } from '../build/build-report.ts'
import { onEarlyEnd } from '../early-end.ts'
import { definitionsOf, readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'
import { writeAll } from '../output.ts'

const { arch, node, intl, zip } = FUNCTION_OPTIONS
export const LAYER_OPTIONS = { arch, node, intl, zip } as const

const WORDS = {
  ...definitionsOf(LAYER_OPTIONS),
  name: { type: 'string' },
  'out-dir': { type: 'string' },
  into: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

/** Resolves to the exit status; rejects with a UsageError, or a LambdabinError. */
export async function layerCommand(args: string[]): Promise<number> {
  const { values, positionals } = readOptions('layer', args, WORDS)
  if (positionals.length > 0) {
    throw new UsageError(
      `layer takes options only, as it is for all functions, and got ${positionals[0]}; see lambdabin layer --help`,
    )
  }
  const ended = onEarlyEnd(abandonAll)
  const result = await buildLayer({
    ...readWords(LAYER_OPTIONS, values),
    name: values.name as string | undefined,
    outDir: values['out-dir'] as string | undefined,
    into: values.into as string | undefined,
    force: values.force as boolean | undefined,
    onStep: (step) => process.stderr.write(stepLine(step)),
    onNotice: (message) => process.stderr.write(`  ${message}\n`),
  })
  ended()
  if (!result.ok) {
    throw result.error
  }
  const { layer } = result
  process.stderr.write(textReport(layer))
  if (values.json) {
    await writeAll(process.stdout, `${JSON.stringify(jsonReport(layer), undefined, 2)}\n`)
  }
  return 0
}

function textReport(layer: BuiltLayer): string {
  const { nodeVersion, arch: on, locales, notes, isUnchanged } = layer
  const languages = locales === undefined ? '' : `, Intl for ${locales.join(', ')}`
  const lines = [
    `  ${'layer'.padEnd(16)} ${describePackage(layer)}${isUnchanged ? ', unchanged' : ''}`,
    `  ${'executable'.padEnd(16)} Node.js ${nodeVersion}, ${on}${languages}`,
    ...notes.map((note) => `  note: ${note}`),
  ]
  return `\n${lines.join('\n')}\n\n`
}

/** The object that `--json` prints. Sizes are bytes, paths absolute. */
function jsonReport({
  codeSha256,
  zip: path,
  zipBytes,
  locales,
  isUnchanged,
  steps,
  notes,
  ...layer
}: BuiltLayer) {
  const zipped = { zip: path ?? null, zipBytes: zipBytes ?? null, CodeSha256: codeSha256 ?? null }
  return { layer: { ...layer, ...zipped, intl: locales ?? null, unchanged: isUnchanged, notes, steps } }
}
