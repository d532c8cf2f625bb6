/**
 * Packages that another one changes as they are required: what instruments them, one of OpenTelemetry's packages or an agent, has
 * Node.js's loader tell it of each module. Nobody requires what is bundled, so there would be no span of it, and no word why.
 */
import { readText } from '../../text/read-in-turn.ts'
import type { BundledPackage } from '../bundled-packages.ts'
import { readManifest } from '../package-layout.ts'
import { runtimeDependencies } from './named-packages.ts'

/** What packages hook into Node.js's loader with. */
const HOOKS = [
  '@apm-js-collab/tracing-hooks',
  '@opentelemetry/instrumentation',
  'diagnostic-channel',
  'require-in-the-middle',
]

/** Those that hook into it by code of their own. Sentry's from its version 11 on are none: they have a plugin for esbuild. */
const AGENTS = ['dd-trace']

/** Where names of what is instrumented stand in the modules of those that instrument. */
const NAMES = [
  // As https://github.com/apm-js-collab/code-transformer is told: New Relic.
  /\bmodule:\s*\{\s*name:\s*["'`]([^"'`]+)/g,
  // Elastic.
  /\bmodPath:\s*["'`]([^"'`]+)/g,
  // Application Insights.
  /\bregisterMonkeyPatch\(\s*["'`]([^"'`]+)/g,
]

/** Modules that are a table of them, by name: Datadog's, and New Relic's. */
const TABLE = /\/(?:hooks|instrumentations)\.js$/
const NAMES_OF_TABLE = /^\s*["'`]?([@\w./-]+)["'`]?:/gm

/** OpenTelemetry's packages name it there, by a text or by a constant of whatever module; what gives it on may have that name, too. */
const DEFINED =
  /InstrumentationNodeModuleDefinition\((?:\s|\/\/.*)*(?:["'`](?<text>[^"'`]+)|(?:[\w$]+\.)*(?<constant>[\w$]+)\s*[,)])/g

/** The names of what a package instruments, modules of Node.js among them; undefined for one that does not instrument. */
export async function findInstrumented({
  name,
  folder,
  modules,
}: BundledPackage): Promise<ReadonlySet<string> | undefined> {
  const needed = runtimeDependencies(await readManifest(folder).catch(() => ({})))
  if (!AGENTS.includes(name) && !needed.some((each) => HOOKS.includes(each))) {
    return undefined
  }
  // That of a plugin cannot be read.
  const texts = await Promise.all(modules.map((file) => readText(file).catch(() => '')))
  const found = texts.flatMap((text, index) => {
    const patterns = TABLE.test(modules[index] ?? '') ? [...NAMES, NAMES_OF_TABLE] : NAMES
    return [...patterns.flatMap((pattern) => matches(pattern, text)), ...definedIn(text, texts)]
  })
  // What it is made of itself it does not mean.
  return new Set(found.filter((each) => each !== name && !needed.includes(each)))
}

/** `all` are the texts that constants may be of. */
function definedIn(text: string, all: readonly string[]): string[] {
  return [...text.matchAll(DEFINED)].flatMap(({ groups }) => {
    const { text: name, constant = '' } = groups ?? {}
    const assigned = new RegExp(`\\b${constant.replaceAll('$', '\\$')}\\s*[:=]\\s*["'\`]([^"'\`]+)`, 'g')
    return name === undefined ? all.flatMap((each) => matches(assigned, each)) : [name]
  })
}

/** What the first group of a pattern is, wherever it matches. */
function matches(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, first = '']) => first)
}
