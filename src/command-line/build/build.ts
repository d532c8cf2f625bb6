/** `lambdabin build`: builds each entry in turn, and reports. */
import process from 'node:process'
import { buildFunction, type FunctionOptions } from '../../compiler/build-function.ts'
import type { BuiltFunction } from '../../compiler/built-function.ts'
import { formatDiagnostics } from '../../compiler/bundle/bundle-failure.ts'
import { UnknownLocaleError } from '../../compiler/icu/locales.ts'
import type { Step } from '../../compiler/steps.ts'
import { abandonBuilds } from '../../compiler/unfinished-work.ts'
import { nearestName } from '../../configuration/nearest-name.ts'
import { onEarlyEnd } from '../early-end.ts'
import { UsageError } from '../usage-error.ts'
import { readBuildArguments } from './build-arguments.ts'
import { jsonReport, stepLine, textReport } from './build-report.ts'

/**
 * Runs the command. Resolves to the exit status, 0; rejects with a UsageError, or with the BuildError of the
 * first entry that fails.
 */
export async function buildCommand(args: string[]): Promise<number> {
  const { functions, json } = await readBuildArguments(args)
  const built: BuiltFunction[] = []
  const ended = onEarlyEnd(abandonBuilds)
  try {
    for (const options of functions) {
      say(functions.length > 1 ? `${options.name}\n` : '')
      built.push(await buildAndReport(options))
    }
  } finally {
    ended()
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(jsonReport(built), undefined, 2)}\n`)
  }
  return 0
}

async function buildAndReport(options: FunctionOptions): Promise<BuiltFunction> {
  const progress = {
    onStep: (step: Step) => say(stepLine(step)),
    onNotice: (notice: string) => say(`  ${notice}\n`),
  }
  const built = await buildFunction(options, progress).catch((error) => {
    throw error instanceof UnknownLocaleError ? explainLocale(error) : error
  })
  if (built.warnings.length > 0) {
    say(`\n${await formatDiagnostics([...built.warnings], 'warning')}\n`)
  }
  say(textReport(built))
  return built
}

/** Progress goes to stderr, so that stdout holds nothing but `--json`'s object. */
function say(text: string): void {
  process.stderr.write(text)
}

function explainLocale(error: UnknownLocaleError): UsageError {
  const nearest = nearestName(error.locale, error.known)
  const remedy = nearest === undefined ? 'name others, or leave --intl out' : `did you mean ${nearest}?`
  return new UsageError(`--intl expects locales that Node.js knows, and ${error.locale} is none; ${remedy}`, {
    cause: error,
  })
}
