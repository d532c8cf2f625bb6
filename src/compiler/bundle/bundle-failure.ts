/** What esbuild found wrong, in esbuild's own wording and layout: file, line, column, the line itself. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type BuildFailure, formatMessages, type Message } from 'esbuild'
import { createPathsMatcher } from 'get-tsconfig'
import { BuildError } from '../build-error.ts'
import { describeNothingInstalled } from '../dependencies/installed/nothing-installed.ts'
import { installCommands } from '../dependencies/installed/package-manager.ts'
import { explainDeclared } from '../dependencies/own/declared-modules.ts'
import { nearestTsconfig } from '../dependencies/own/nearest-tsconfig.ts'
import { findPackage } from '../dependencies/package-layout.ts'
import { packageName as packageOf } from '../dependencies/package-of-file.ts'
import { shownPath } from '../shown-path.ts'
import { readJson } from '../text/byte-order-mark.ts'
import { projectFolder } from './project-folder.ts'

/** The entry or something that it imports cannot be bundled. The message holds esbuild's diagnostics. */
export class BundleError extends BuildError {
  override readonly name = 'BundleError'
}

const UNRESOLVED = /^Could not resolve "([^"]+)"/

/** What esbuild advises on `require` and `import()`, which may fail as the function runs. */
const CALLED = /surround this "require" call|add "\.catch\(\)" here/

/**
 * Turns what esbuild threw into a {@link BundleError} that names `entry`; anything else is returned as it is.
 */
export async function explainBundleFailure(error: unknown, entry: string): Promise<unknown> {
  if (!isBuildFailure(error)) {
    return error
  }
  if (!existsSync(entry)) {
    // It was there as the build began, or when it was served.
    return new BundleError(
      `expected the file of a function, and ${shownPath(entry)} is not there any more; put it back, or leave the function out`,
      { cause: error },
    )
  }
  const told = toBeMended(error.errors, entry)
  const missing = told.flatMap((each) => missingPackage(each, entry) ?? [])
  const nothing = await describeNothingInstalled(entry, missing)
  if (nothing !== undefined) {
    // All else may come of it.
    return new BundleError(nothing, { cause: error })
  }
  const explained = told.map((each) => explainMissingPackage(explainDeclared(each), entry))
  const errors = onePerImport(await Promise.all(explained))
  const diagnostics = await formatDiagnostics(errors, 'error')
  const count = errors.length === 1 ? 'one error' : `${errors.length} errors`
  return new BundleError(`${shownPath(entry)} cannot be bundled, ${count}:\n\n${diagnostics}`, {
    cause: error,
  })
}

/** What is wrong in packages is got around, as by shipping them; it counts where nothing else is wrong. */
function toBeMended(errors: readonly Message[], entry: string): readonly Message[] {
  const own = errors.filter((each) => packageOf(fileOf(each, entry)) === undefined)
  return own.length > 0 ? own : errors
}

/** Where it was found, as an absolute path; the project's folder where it was in no file. */
function fileOf({ location }: Message, entry: string): string {
  return join(projectFolder(entry), location?.file ?? '')
}

/** What projects for Lambda's own Node.js may not install. */
const OF_LAMBDA = /^(?:aws-sdk$|@aws-sdk\/|@smithy\/)/

/**
 * esbuild advises to leave a package that it does not find out of the bundle; most often it is not installed yet, or has nothing of
 * the path, and where its package.json does not export it esbuild says that, too.
 */
async function explainMissingPackage(message: Message, entry: string): Promise<Message> {
  const [, path] = UNRESOLVED.exec(message.text) ?? []
  const name = path === undefined ? undefined : packageName(path)
  const others = message.notes.filter(({ text }) => !text.includes(`mark the path "${path}" as external`))
  if (path === undefined || name === undefined || others.length === message.notes.length) {
    return message
  }
  if (others.length > 0) {
    const advice = await adviseOnUnbuilt(name, path, entry, others)
    return {
      ...message,
      notes: advice === undefined ? others : [...others, { text: advice, location: null }],
    }
  }
  const mapped = mappedPath(path, fileOf(message, entry))
  if (mapped !== undefined) {
    return { ...message, notes: [{ text: mapped, location: null }] }
  }
  const isCalled = message.notes.some(({ text }) => CALLED.test(text))
  const without = isCalled ? `, or, if the function does without it, --external ${name}` : ''
  const advice = OF_LAMBDA.test(name)
    ? '. Lambda has it beside its own Node.js, and not beside an executable'
    : without
  const found = await findPackage(name, fileOf(message, entry))
  const text =
    found === undefined
      ? `The package ${name} is not installed where this file could import it: ${installCommands(dirname(entry)).one} ${name}${advice}`
      : `The package ${name} is installed, and has no ${path === name ? await mainOf(found.folder) : path.slice(name.length + 1)}`
  return { ...message, notes: [{ text, location: null }] }
}

/** The file that a package without `exports` says to be imported by its name, and what to do where it is not there. */
async function mainOf(folder: string): Promise<string> {
  const { main = 'index.js' } = await readJson(join(folder, 'package.json'))
  return `${main}: build it`
}

/** What is wrong with the same import is one error, at the first place, which says how many more there are. */
function onePerImport(messages: readonly Message[]): Message[] {
  const groups = Map.groupBy(messages, (message) =>
    UNRESOLVED.test(message.text) && message.notes.length > 0
      ? JSON.stringify([message.text, message.notes.map(({ text }) => text)])
      : message,
  )
  return [...groups.values()].map(([first, ...others]) => {
    const places = others.length === 1 ? 'one more place' : `${others.length} more places`
    const text = `It is imported in ${places}`
    return others.length === 0
      ? (first as Message)
      : { ...(first as Message), notes: [...(first as Message).notes, { text, location: null }] }
  })
}

/** The name of a package, where that is all that an error is about. */
function missingPackage(message: Message, entry: string): string | undefined {
  const [, path = ''] = UNRESOLVED.exec(message.text) ?? []
  return mappedPath(path, fileOf(message, entry)) === undefined ? packageName(path) : undefined
}

/** Of what tsconfig.json has a path for, where that leads. */
function mappedPath(specifier: string, file: string): string | undefined {
  const tsconfig = nearestTsconfig(file)
  const patterns = Object.keys(tsconfig?.config.compilerOptions?.paths ?? {})
  const pattern = patterns.find((each) => {
    const [beginning = '', end] = each.split('*')
    return end === undefined ? each === specifier : beginning !== '' && specifier.startsWith(beginning)
  })
  if (tsconfig === null || pattern === undefined) {
    return undefined
  }
  const places = createPathsMatcher(tsconfig)?.(specifier).map(shownPath).join(' and ')
  return `${pattern} is among the paths of ${shownPath(tsconfig.path)}, and no module is at ${places}`
}

/**
 * What to do where a package's package.json names a file that is not there, `dist/index.js` of one in the workspace that was not built;
 * undefined for other failures. Some such packages name their sources, too, under a condition that tsconfig.json has among its
 * `customConditions`: an editor is content then.
 */
async function adviseOnUnbuilt(
  name: string,
  path: string,
  entry: string,
  notes: Message['notes'],
): Promise<string | undefined> {
  const [file] = notes.flatMap(
    ({ text }) => /^The module "([^"]+)" was not found on the file system/.exec(text)?.[1] ?? [],
  )
  const found = file === undefined ? undefined : await findPackage(name, entry)
  if (file === undefined || found === undefined) {
    return undefined
  }
  const { exports } = await readJson(join(found.folder, 'package.json'))
  const subpath = exports?.[`.${path.slice(name.length)}`] ?? exports
  const [source] = Object.entries(subpath ?? {}).filter(
    ([condition, target]) =>
      !condition.startsWith('.') &&
      typeof target === 'string' &&
      /(?<!\.d)\.[cm]?[jt]sx?$/.test(target) &&
      existsSync(join(found.folder, target)),
  )
  const instead = source && `, or take ${source[1]} with --conditions ${source[0]}`
  return `The package ${name} is installed, and has no ${file}: build it${instead ?? ''}`
}

/** `@aws-sdk/client-s3` of `@aws-sdk/client-s3/dist-cjs`; undefined for what names no package. */
function packageName(path: string): string | undefined {
  return /^(@[a-z0-9~-][\w.~-]*\/)?[a-z0-9~-][\w.~-]*(?=\/|$)/i.exec(path)?.[0]
}

/** esbuild's messages as text for a terminal, without colours so that logs stay readable. */
export async function formatDiagnostics(messages: Message[], kind: 'error' | 'warning'): Promise<string> {
  const texts = await formatMessages(messages, { kind, color: false, terminalWidth: 110 })
  return texts.join('').trimEnd()
}

/**
 * Each message once. esbuild has what it finds in a tsconfig.json again for each import that a plugin has it resolve, hundreds of
 * times, with the name of that plugin, which may be one of lambdabin's; that without a name counts.
 */
export function distinctMessages(messages: readonly Message[]): Message[] {
  const distinct = new Map<string, Message>()
  for (const message of messages) {
    const { text, location } = message
    const key = JSON.stringify([text, location?.file, location?.line, location?.column])
    const known = distinct.get(key)
    if (known === undefined || (known.pluginName !== '' && message.pluginName === '')) {
      distinct.set(key, message)
    }
  }
  return [...distinct.values()]
}

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
