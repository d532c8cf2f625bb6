/** Loads the configuration that holds for a command: finds its file, reads or evaluates it, and checks it. */
import { readFileSync } from 'node:fs'
import { basename, dirname, extname, resolve } from 'node:path'
import { shownPath } from '../compiler/shown-path.ts'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import { unlessNeverEnding } from '../compiler/unfinished-work.ts'
import { type CheckedConfiguration, ConfigurationProblem, checkConfiguration } from './check-configuration.ts'
import type { ConfigContext, ConfigExport } from './configuration.ts'
import { configurationFailure, NeverSettled } from './configuration-failure.ts'
import { findConfiguration, MANIFEST_KEY } from './find-configuration.ts'
import { jsonErrorOffset } from './json-error-offset.ts'
import type { ValuePath } from './source-position.ts'
import { UsageError } from './usage-error.ts'

export interface LoadedConfiguration extends CheckedConfiguration {
  /** Absolute path; undefined for a configuration that is no file's. */
  readonly file: string | undefined
  /** How messages name it. */
  readonly named: string
  /** Absolute: where relative paths start. */
  readonly folder: string
}

/** Which configuration to take: the one at a path, the one that is found, none, or the one given. */
export type ConfigurationChoice = string | undefined | false | ConfigExport

/** Resolves to undefined where there is none. Rejects with a {@link UsageError}. */
export async function loadConfiguration(
  choice: ConfigurationChoice,
  folder: string,
  context: ConfigContext,
): Promise<LoadedConfiguration | undefined> {
  if (choice === false) {
    return undefined
  }
  if (typeof choice === 'object' || typeof choice === 'function') {
    const place = { file: undefined, named: 'the configuration', folder }
    const value = await settle(choice, context).catch((error) => {
      throw configurationFailure(error)
    })
    return { ...place, ...(await check(value, folder)) }
  }
  const file = choice === undefined ? findConfiguration(folder) : resolve(folder, choice)
  return file === undefined ? undefined : await loadFile(file, context)
}

async function loadFile(file: string, context: ConfigContext): Promise<LoadedConfiguration> {
  const named = shownPath(file)
  const source = readSource(file, named)
  const isJson = extname(file) === '.json'
  const place = { file, named, folder: dirname(file) }
  if (isJson) {
    const isManifest = basename(file) === 'package.json'
    const value = parseJson(source, named)
    const within: ValuePath = isManifest ? [MANIFEST_KEY] : []
    const given = isManifest ? (value as Record<string, unknown>)[MANIFEST_KEY] : value
    return {
      ...place,
      ...(await check(given, place.folder, { named, source, isJson, within })),
    }
  }
  const { evaluateConfiguration } = await import('./evaluate-configuration.ts')
  const { exported, explain, done } = await evaluateConfiguration(file, named)
  try {
    if (exported === undefined) {
      throw new UsageError(
        `${named} has no default export, which a configuration is; write export default defineConfig({ … })`,
      )
    }
    const value = await settle(exported as ConfigExport, context).catch((error) => {
      throw configurationFailure(error, named)
    })
    return {
      ...place,
      ...(await check(value, place.folder, { named, source, isJson, within: [] }, explain)),
    }
  } finally {
    done()
  }
}

/** What a function or a promise that is exported comes to. */
async function settle(exported: ConfigExport, context: ConfigContext): Promise<unknown> {
  return unlessNeverEnding(
    typeof exported === 'function' ? exported(context) : exported,
    () => new NeverSettled(),
  )
}

function readSource(file: string, named: string): string {
  try {
    return withoutMark(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`expected a configuration, and ${named} cannot be read; check the path`, {
      cause: error,
    })
  }
}

function parseJson(source: string, named: string): unknown {
  try {
    return JSON.parse(source)
  } catch (error) {
    const before = source.slice(0, jsonErrorOffset(source)).split('\n')
    throw new UsageError(
      `${named}:${before.length}:${(before.at(-1) ?? '').length + 1}: the configuration is not JSON from here on; correct it`,
      { cause: error },
    )
  }
}

/** Where a configuration is written. */
interface ConfigurationSource {
  readonly named: string
  readonly source: string
  readonly isJson: boolean
  /** Where in it the configuration is. */
  readonly within: ValuePath
}

async function check(
  value: unknown,
  folder: string,
  written?: ConfigurationSource,
  explain: (error: unknown) => UsageError = configurationFailure,
): Promise<CheckedConfiguration> {
  try {
    return checkConfiguration(value, folder)
  } catch (error) {
    if (!(error instanceof ConfigurationProblem)) {
      throw explain(error) // One of its values is a getter, or it is a proxy: reading it runs code of the configuration's.
    }
    const place = written === undefined ? '' : `${await placeOf(error.path, written)}: `
    throw new UsageError(`${place}${error.message}`, { cause: error })
  }
}

/** `lambdabin.config.ts:12` */
async function placeOf(
  path: ValuePath,
  { named, source, isJson, within }: ConfigurationSource,
): Promise<string> {
  // With its parser only where there is something to tell.
  const { lineOf } = await import('./source-position.ts')
  const line = lineOf(source, [...within, ...path], isJson)
  return line === undefined ? named : `${named}:${line}`
}
