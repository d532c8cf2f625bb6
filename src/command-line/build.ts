/** `lambdabin build`: reads the options, builds each entry in turn, reports. */
import { readFile, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { type BuiltFunction, buildFunction, type FunctionOptions } from '../compiler/build-function.ts'
import { formatDiagnostics } from '../compiler/bundle/bundle-failure.ts'
import type { Compression } from '../compiler/deflate/deflate-file.ts'
import type { Architecture } from '../compiler/elf/elf-file.ts'
import { FunctionNameError, functionName } from '../compiler/function-name.ts'
import { UnknownLocaleError } from '../compiler/icu/locales.ts'
import { abandonBuilds } from '../compiler/unfinished-work.ts'
import { jsonReport, stepLine, textReport } from './build-report.ts'
import { onEarlyEnd } from './early-end.ts'
import { nearestName } from './nearest-name.ts'
import { readOptions } from './options.ts'
import { UsageError } from './usage-error.ts'

const OPTIONS = {
  'out-dir': { type: 'string', default: 'dist' },
  name: { type: 'string' },
  arch: { type: 'string', default: 'x64' },
  node: { type: 'string' },
  include: { type: 'string', multiple: true, default: [] as string[] },
  external: { type: 'string', multiple: true, default: [] as string[] },
  event: { type: 'string', multiple: true, default: [] as string[] },
  init: { type: 'string', default: 'lambda' },
  intl: { type: 'string', multiple: true },
  zip: { type: 'string', default: 'fast' },
  'no-minify': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/**
 * Runs the command. Resolves to the exit status, 0; rejects with a UsageError, or with the BuildError of the
 * first entry that fails.
 */
export async function buildCommand(args: string[]): Promise<number> {
  const { functions, json } = await readArguments(args)
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
  const built = await buildFunction(
    options,
    (step) => say(stepLine(step)),
    (notice) => say(`  ${notice}\n`),
  ).catch((error) => {
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

async function readArguments(args: string[]): Promise<{ functions: FunctionOptions[]; json: boolean }> {
  const { values, positionals } = readOptions('build', args, OPTIONS)
  if (positionals.length === 0) {
    throw new UsageError(
      'expected the file of a function, such as src/functions/orders.ts; see lambdabin build --help',
    )
  }
  if (values.name !== undefined && positionals.length > 1) {
    throw new UsageError(
      `--name names one function, and ${positionals.length} entries were given; build them one by one, or without --name`,
    )
  }
  const shared = {
    outDir: resolve(values['out-dir']),
    arch: readArchitecture(values.arch),
    nodePath: values.node,
    includes: values.include,
    includeRoot: process.cwd(),
    externals: values.external,
    events: await Promise.all(values.event.map(checkEvent)),
    minify: !values['no-minify'],
    init: readInit(values.init),
    locales: values.intl && readLocales(values.intl),
    compression: readCompression(values.zip),
  }
  const functions = positionals.map((entry) => ({
    ...shared,
    entry: resolve(entry),
    name: nameOf(entry, values.name),
  }))
  checkNamesDiffer(functions)
  await Promise.all(positionals.map(checkEntry))
  return { functions, json: values.json }
}

function nameOf(entry: string, given: string | undefined): string {
  try {
    return functionName(entry, given)
  } catch (error) {
    throw error instanceof FunctionNameError ? new UsageError(error.message, { cause: error }) : error
  }
}

function checkNamesDiffer(functions: readonly FunctionOptions[]): void {
  const entries = new Map<string, string>()
  for (const { name, entry } of functions) {
    const other = entries.get(name)
    if (other !== undefined) {
      throw new UsageError(
        `each function needs a name of its own, and ${other} and ${entry} would both be ${name}; build one of them by itself with --name`,
      )
    }
    entries.set(name, entry)
  }
}

async function checkEntry(entry: string): Promise<void> {
  const file = await stat(entry).catch((error) => {
    throw new UsageError(`expected the file of a function, and ${entry} cannot be read; check the path`, {
      cause: error,
    })
  })
  if (!file.isFile()) {
    throw new UsageError(`expected the file of a function, and ${entry} is not a file; name the file in it`)
  }
}

function readArchitecture(value: string): Architecture {
  if (value !== 'x64' && value !== 'arm64') {
    throw new UsageError(`--arch expects x64 or arm64, the architectures of AWS Lambda, and got ${value}`)
  }
  return value
}

function readInit(value: string): FunctionOptions['init'] {
  if (value !== 'lambda' && value !== 'build') {
    throw new UsageError(
      `--init expects build, to initialise the function's module at build time, or lambda, as without the option, and got ${value}`,
    )
  }
  return value
}

function readCompression(value: string): Compression {
  if (value !== 'fast' && value !== 'small') {
    throw new UsageError(
      `--zip expects fast, or small for a zip that is smaller by a sixteenth and takes a minute or two, and got ${value}`,
    )
  }
  return value
}

/** Locales as in BCP 47, or with `_` instead of `-`, each once. Whether there are such the base Node.js tells. */
function readLocales(values: readonly string[]): string[] {
  const locales = values.flatMap((value) => value.split(',')).map((locale) => locale.trim())
  for (const locale of locales) {
    if (!/^[a-z]{2,8}([-_][a-z0-9]{1,8})*$/i.test(locale)) {
      throw new UsageError(
        `--intl expects locales, as in --intl en,pt-BR,zh-Hant, and got ${JSON.stringify(locale)}; name some, or leave --intl out to have all`,
      )
    }
  }
  return [...new Set(locales.map((locale) => locale.replaceAll('_', '-')))]
}

function explainLocale(error: UnknownLocaleError): UsageError {
  const nearest = nearestName(error.locale, error.known)
  const remedy = nearest === undefined ? 'name others, or leave --intl out' : `did you mean ${nearest}?`
  return new UsageError(`--intl expects locales that Node.js knows, and ${error.locale} is none; ${remedy}`, {
    cause: error,
  })
}

/** The absolute path of a JSON file. */
async function checkEvent(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error) => {
    throw new UsageError(`--event expects a file with an event, and ${path} cannot be read; check the path`, {
      cause: error,
    })
  })
  try {
    JSON.parse(text)
  } catch (error) {
    throw new UsageError(
      `--event expects a JSON file, and ${path} is not JSON (${error instanceof Error ? error.message : error}); mend it`,
      { cause: error },
    )
  }
  return resolve(path)
}
