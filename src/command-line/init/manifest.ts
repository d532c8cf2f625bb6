/** A project's package.json: read, and completed by what lambdabin needs in it. */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { withoutMark } from '../../compiler/text/byte-order-mark.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { findTestRunner, TEST_COMMANDS } from './test-runner.ts'

/** What there is to know of a package.json. */
export interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly type?: string
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

function scripts(test: string) {
  return { build: 'lambdabin build', serve: 'lambdabin serve', test, typecheck: 'tsc --noEmit' }
}

/** What the project's types and tests are checked with, of the versions that lambdabin is tested with. */
const TYPES = ['@types/node', 'typescript']

const texts = new WeakMap<Manifest, string>()

/** Undefined where there is none. Rejects with a {@link UsageError} where it cannot be read. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = join(folder, 'package.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return undefined
    }
    throw new UsageError(`${file} cannot be read (${error.code}); check what it is`, { cause: error })
  })
  if (text === undefined) {
    return undefined
  }
  try {
    const manifest: Manifest = JSON.parse(withoutMark(text))
    texts.set(manifest, text)
    return manifest
  } catch (error) {
    throw new UsageError(
      `expected JSON in ${file}, and it is not (${error instanceof Error ? error.message : error}); mend it`,
      { cause: error },
    )
  }
}

/**
 * The text of the package.json with all that it lacks; undefined where it lacks nothing. `own` is lambdabin's. What is in it
 * stays, with its order and indentation.
 */
export function completedManifest(
  before: Manifest | undefined,
  own: Manifest,
  folder: string,
): string | undefined {
  const start: Manifest = before ?? newManifest(folder)
  const known = { ...start.dependencies, ...start.devDependencies }
  const wanted = { lambdabin: `^${own.version}`, ...versionsOf(TYPES, own) }
  const missing = Object.entries(wanted).filter(([name]) => known[name] === undefined)
  const after: Manifest = {
    ...start,
    scripts: { ...scripts(TEST_COMMANDS[findTestRunner(start)]), ...withoutPlaceholder(start.scripts) },
    devDependencies: sorted({ ...start.devDependencies, ...Object.fromEntries(missing) }),
  }
  if (before !== undefined && JSON.stringify(after) === JSON.stringify(before)) {
    return undefined
  }
  const text = before && texts.get(before)
  const [, indentation = '  '] = /^\uFEFF?[{[]\r?\n([ \t]+)/.exec(text ?? '') ?? []
  return `${JSON.stringify(after, undefined, indentation)}\n`
}

/** `npm init` writes a script that fails, for tests that are not there yet. */
function withoutPlaceholder(given: Manifest['scripts'] = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(given).filter(([name, script]) => name !== 'test' || !/no test specified/.test(script)),
  )
}

function newManifest(folder: string): Manifest {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
  return Object.assign({ name: name || 'functions', version: '1.0.0' }, { private: true, type: 'module' })
}

/** Of a package whose development needs them. */
function versionsOf(names: readonly string[], own: Manifest): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, own.devDependencies?.[name] ?? '*']))
}

/** As package managers sort them. */
function sorted(versions: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).sort(([left], [right]) => (left < right ? -1 : 1)))
}
