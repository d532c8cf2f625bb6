/** `lambdabin prefetch`: makes ready what builds need of Node.js, for CI and for builds without a network. */
import process from 'node:process'
import { prefetch } from '../../api/prefetch.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { FUNCTION_OPTIONS } from '../../configuration/build-options.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { onEarlyEnd } from '../early-end.ts'
import { readWords } from '../option-words.ts'
import { readOptions } from '../options.ts'
import { writeAll } from '../output.ts'

const WORDS = {
  arch: { type: 'string', multiple: true },
  node: { type: 'string' },
  intl: { type: 'string', multiple: true },
  config: { type: 'string' },
} as const

/** Resolves to the exit status; rejects with a UsageError, or a LambdabinError. The cache folder's path is on stdout. */
export async function prefetchCommand(args: string[]): Promise<number> {
  const { values, positionals } = readOptions('prefetch', args, WORDS)
  if (positionals.length > 0) {
    throw new UsageError(
      `prefetch takes options only, and got ${positionals[0]}; see lambdabin prefetch --help`,
    )
  }
  const archs = values.arch?.flatMap((words) => words.split(','))
  const { node, intl } = FUNCTION_OPTIONS
  const ended = onEarlyEnd(abandonAll)
  const result = await prefetch({
    ...readWords({ node, intl }, values),
    arch: archs?.map((arch) => readWords({ arch: FUNCTION_OPTIONS.arch }, { arch }).arch ?? 'x64'),
    config: values.config,
    onNotice: (message) => process.stderr.write(`  ${message}\n`),
  })
  ended()
  if (!result.ok) {
    throw result.error
  }
  for (const { arch, nodeVersion, locales } of result.nodes) {
    const languages = locales === undefined ? '' : `, Intl for ${locales.join(', ')}`
    process.stderr.write(`  Node.js ${nodeVersion} for ${arch}${languages} is ready\n`)
  }
  await writeAll(process.stdout, `${result.folder}\n`)
  return 0
}
