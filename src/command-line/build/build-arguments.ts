/** The options of `lambdabin build`, read and checked. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import type { FunctionOptions, InitOptions } from '../../compiler/build-function.ts'
import type { Compression } from '../../compiler/deflate/deflate-file.ts'
import type { Architecture } from '../../compiler/elf/elf-file.ts'
import { readFunctionEntry } from '../function-entry.ts'
import { readOptions } from '../options.ts'
import { UsageError } from '../usage-error.ts'

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
  strict: { type: 'boolean', default: false },
  'no-notices': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

export interface BuildArguments {
  readonly functions: readonly FunctionOptions[]
  readonly json: boolean
}

/** Rejects with a UsageError. */
export async function readBuildArguments(args: string[]): Promise<BuildArguments> {
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
  const shared = await readShared(values)
  const named = await Promise.all(positionals.map((entry) => readFunctionEntry(entry, '', values.name)))
  const functions = named.map((each) => ({ ...shared, ...each }))
  checkNamesDiffer(functions)
  return { functions, json: values.json }
}

type Values = ReturnType<typeof readOptions<typeof OPTIONS>>['values']

/** The options that all functions of a build have in common. */
async function readShared(values: Values): Promise<Omit<FunctionOptions, 'entry' | 'name'>> {
  return {
    isStrict: values.strict,
    outDir: resolve(values['out-dir']),
    target: {
      arch: readArchitecture(values.arch),
      nodePath: values.node,
      locales: values.intl && readLocales(values.intl),
    },
    bundle: { minify: !values['no-minify'], externals: values.external },
    init: { at: readInit(values.init), events: await Promise.all(values.event.map(checkEvent)) },
    include: { paths: values.include, root: process.cwd() },
    compression: readCompression(values.zip),
    notices: !values['no-notices'],
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

function readArchitecture(value: string): Architecture {
  if (value !== 'x64' && value !== 'arm64') {
    throw new UsageError(`--arch expects x64 or arm64, the architectures of AWS Lambda, and got ${value}`)
  }
  return value
}

function readInit(value: string): InitOptions['at'] {
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
