/** A function as it stands in its file; members that an earlier release did not write have their defaults. */

import type { FunctionCode } from '../code/function-code.ts'
import type {
  Alias,
  CodeDescription,
  FunctionConfiguration,
  QualifiedSettings,
} from './function-configuration.ts'
import type { LocalFunction } from './local-function.ts'

export interface StoredFunction {
  version: 1
  configuration: FunctionConfiguration
  code: StoredCode
  versions: readonly StoredVersion[]
  lastVersion: number
  aliases: readonly Alias[]
  settings: Readonly<Record<string, QualifiedSettings>>
  recursiveLoop?: string | undefined
}

export interface StoredCode extends CodeDescription {
  folder: string
}

interface StoredVersion {
  version: string
  configuration: FunctionConfiguration
  code: StoredCode
}

const CODE_FOLDER = /^code-[0-9a-f-]{36}$/

/** `folderOf` names the folder of a code. */
export function storedFunction(
  saved: LocalFunction,
  folderOf: (code: FunctionCode) => string,
): StoredFunction {
  const stored = (code: FunctionCode): StoredCode => ({ ...code.description, folder: folderOf(code) })
  return {
    version: 1,
    configuration: saved.configuration,
    code: stored(saved.code),
    versions: [...saved.versions.values()].map(({ version, configuration, code }) => ({
      ...{ version, configuration },
      code: stored(code),
    })),
    lastVersion: saved.lastVersion,
    aliases: [...saved.aliases.values()],
    settings: Object.fromEntries(saved.settings),
    recursiveLoop: saved.recursiveLoop,
  }
}

/** Throws, in half a sentence, what is wrong with it. */
export function parseStoredFunction(text: string, name: string): StoredFunction {
  const stored = JSON.parse(text) as Partial<StoredFunction>
  if (stored?.version !== 1 || stored.configuration?.functionName !== name) {
    throw new Error('it is of another release of lambdabin')
  }
  const { versions = [], aliases = [], settings = {}, lastVersion = 0, recursiveLoop } = stored
  for (const version of versions) {
    checkCode(version.code)
    checkConfiguration(version.configuration)
  }
  return {
    version: 1,
    configuration: checkConfiguration(stored.configuration),
    code: checkCode(stored.code),
    ...{ versions, aliases, settings, lastVersion, recursiveLoop },
  }
}

function checkCode(code: StoredCode | undefined): StoredCode {
  if (typeof code?.codeSha256 !== 'string' || !CODE_FOLDER.test(String(code.folder))) {
    throw new Error('it names no code')
  }
  return code
}

const NUMBERS = ['timeout', 'memorySize', 'ephemeralStorage'] as const
const STRINGS = ['functionName', 'runtime', 'role', 'handler', 'lastModified', 'revisionId'] as const
const OBJECTS = ['environment', 'loggingConfig', 'tags', 'others'] as const

/** A file that parses may lack anything: what lists all functions must not fail because of one. */
function checkConfiguration(configuration: Partial<FunctionConfiguration>): FunctionConfiguration {
  const missing = [
    ...NUMBERS.filter((member) => typeof configuration[member] !== 'number'),
    ...STRINGS.filter((member) => typeof configuration[member] !== 'string'),
    ...OBJECTS.filter(
      (member) => typeof configuration[member] !== 'object' || configuration[member] === null,
    ),
  ]
  if (missing.length > 0) {
    throw new Error(`its configuration has no ${missing.join(', ')}`)
  }
  return { description: '', architecture: 'x86_64', ...configuration } as FunctionConfiguration
}
