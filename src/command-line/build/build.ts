/** `lambdabin build`: builds functions, and reports. */
import process from 'node:process'
import { build, planBuild } from '../../api/build.ts'
import { BuildError } from '../../compiler/build-error.ts'
import { openArchives } from '../../compiler/dependencies/named/plug-and-play.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { onEarlyEnd } from '../early-end.ts'
import { writeAll } from '../output.ts'
import { readBuildArguments } from './build-arguments.ts'
import { BuildProgressLines } from './build-progress.ts'
import { jsonReport } from './build-report.ts'
import { NewerNodeSearch } from './newer-node.ts'

/**
 * Runs the command. Resolves to the exit status, 0 but for a container that says otherwise; rejects with a UsageError, or a LambdabinError. Of several functions, all
 * that can be are built. Progress goes to stderr, so that stdout holds nothing but `--json`'s object.
 */
export async function buildCommand(args: string[]): Promise<number> {
  const { options, json, offline, docker } = readBuildArguments(args)
  if (docker) {
    const { buildInContainer } = await import('../docker/docker-build.ts')
    return buildInContainer(args, await planBuild(options))
  }
  openArchives(process.cwd())
  const progress = new BuildProgressLines(process.stderr)
  const ended = onEarlyEnd(abandonAll)
  const search = NewerNodeSearch.begin(offline)
  const result = await build({ ...options, onProgress: progress.hear })
  await progress.end()
  ended()
  const newer = await search?.end(result.functions)
  if (newer !== undefined) {
    process.stderr.write(`  note: ${newer}\n`)
  }
  if (json && (result.ok || result.failed.some(({ built }) => built !== undefined))) {
    await writeAll(process.stdout, `${JSON.stringify(jsonReport(result.functions), undefined, 2)}\n`)
  }
  if (!result.ok) {
    const count = new Set([...result.functions, ...result.failed].map(({ name }) => name)).size
    if (count < 2) {
      throw result.error
    }
    const names = result.failed.map(({ name }) => name).join(', ')
    throw new BuildError(
      `${result.failed.length} of ${count} functions could not be built: ${names}; it says above why`,
    )
  }
  return 0
}
