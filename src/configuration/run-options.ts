/** The options of a function that is run on this machine: see {@link ./option.ts}. On Lambda, the function's own settings say so. */

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { shownPath } from '../compiler/shown-path.ts'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import { readStubs, type Stub } from '../stubs/stub-file.ts'
import type { StubbedRequest } from '../stubs/stubbed-requests.ts'
import { readExplained, stubFile } from './build-options.ts'
import { type Option, OptionError, type Values } from './option.ts'
import { list, pairs, path } from './option-kinds.ts'
import { UsageError } from './usage-error.ts'

export const RUN_OPTIONS = {
  /** Seconds that an invocation may take. By default 3, as on Lambda. */
  timeout: number(
    'S',
    'seconds that an invocation may take (default: 3)',
    (seconds) => seconds > 0 && seconds <= 900,
    (option, got) =>
      `expected ${option} in seconds, above 0 and up to 900, but got ${got}; Lambda's default is 3`,
  ),
  /** Memory of an execution environment, in MB. By default 128, as on Lambda. */
  memory: number(
    'MB',
    'memory of the execution environment (default: 128)',
    (megabytes) => Number.isInteger(megabytes) && megabytes >= 128 && megabytes <= 10_240,
    (option, got) =>
      `expected ${option} in whole MB, from 128 to 10240, but got ${got}; Lambda's default is 128`,
  ),
  /** Environment variables of the function. */
  env: variables(),
  /** A file with such variables; those of `env` count more. */
  envFile: path({ expects: 'the path of a file', placeholder: 'FILE', help: 'a file with such lines' }),
  /** Layers, zips or folders, which are unpacked to `/opt`; the last counts most. */
  layer: list(
    {
      expects: 'zips and folders',
      placeholder: 'PATH',
      help: 'a layer, a zip or a folder, to be at /opt; may be repeated, the last counts',
    },
    (item, folder) => resolve(folder, item),
  ),
} as const

/** Those of them that a build has, too: for where it runs the function. */
export const VARIABLE_OPTIONS = { env: RUN_OPTIONS.env, envFile: RUN_OPTIONS.envFile } as const

/** The variables of `env`, and those of the file that it does not name. Throws a UsageError. */
export function variablesOf({ env, envFile }: Values<typeof VARIABLE_OPTIONS>): Record<string, string> {
  return { ...(envFile !== undefined && environmentFile(envFile)), ...env }
}

function environmentFile(path: string): Record<string, string> {
  try {
    return parseEnv(withoutMark(readFileSync(path, 'utf8'))) as Record<string, string>
  } catch (error) {
    const message = `expected a file of K=V lines, but cannot read ${shownPath(path)}; check --env-file`
    throw new UsageError(message, { cause: error })
  }
}

/** Of a function that is run on this machine. The stubs of a configuration are for builds. */
export const STUB_OPTIONS = {
  /** A YAML or JSON file that answers the function's requests to others, or what it would hold; nobody else is reached then but this machine. */
  stub: fileOrStubs(),
} as const

export interface GivenStubs {
  /** The absolute path of their file; undefined for those that are in none. */
  readonly file?: string | undefined
  readonly stubs: readonly StubbedRequest[]
}

function fileOrStubs(): Option<string | readonly Stub[], GivenStubs> {
  const file = stubFile(
    'a YAML or JSON file that answers the requests that the function makes of others, in their place',
  )
  return {
    ...file,
    read: (written, folder) =>
      Array.isArray(written)
        ? { stubs: readExplained('stubs', () => readStubs(written, 'the list', folder)) }
        : file.read(written, folder),
  }
}

/** Plain decimal digits, on the command line: not 1e3, and not 0x10. */
function number(
  placeholder: string,
  help: string,
  isRight: (value: number) => boolean,
  explain: (option: string, got: string) => string,
): Option<number, number> {
  return {
    words: 'one',
    placeholder,
    help,
    read: (written) => {
      const isDigits = typeof written === 'string' && /^\d+(\.\d+)?$/.test(written)
      const value = isDigits ? Number(written) : written
      if (typeof value === 'number' && isRight(value)) {
        return value
      }
      throw new OptionError((option) => explain(option, JSON.stringify(written) ?? String(written)))
    },
  }
}

function variables(): Option<Readonly<Record<string, string>>, Readonly<Record<string, string>>> {
  const all = pairs({
    expects: 'names and values, all texts',
    placeholder: 'K=V',
    help: 'an environment variable of the function; may be repeated',
  })
  return {
    ...all,
    written: (words) =>
      Object.fromEntries(
        words.map((word) => {
          const equals = word.indexOf('=')
          if (equals < 1) {
            throw new OptionError(
              (option) =>
                `expected ${option} NAME=VALUE, but got ${JSON.stringify(word)}; put a name and = before the value`,
            )
          }
          return [word.slice(0, equals), word.slice(equals + 1)]
        }),
      ),
  }
}
