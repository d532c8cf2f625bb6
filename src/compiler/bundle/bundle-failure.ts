/** What esbuild found wrong, in esbuild's own wording and layout: file, line, column, the line itself. */
import { type BuildFailure, formatMessages, type Message } from 'esbuild'
import { BuildError } from '../build-error.ts'
import { findPackage } from '../dependencies/package-layout.ts'
import { shownPath } from '../shown-path.ts'

/** The entry or something that it imports cannot be bundled. The message holds esbuild's diagnostics. */
export class BundleError extends BuildError {
  override readonly name = 'BundleError'
}

/**
 * Turns what esbuild threw into a {@link BundleError} that names `entry`; anything else is returned as it is.
 */
export async function explainBundleFailure(error: unknown, entry: string): Promise<unknown> {
  if (!isBuildFailure(error)) {
    return error
  }
  const errors = await Promise.all(error.errors.map((each) => explainMissingPackage(each, entry)))
  const diagnostics = await formatDiagnostics(errors, 'error')
  const count = error.errors.length === 1 ? 'one error' : `${error.errors.length} errors`
  return new BundleError(`${shownPath(entry)} cannot be bundled, ${count}:\n\n${diagnostics}`, {
    cause: error,
  })
}

/**
 * esbuild advises to leave a package that it does not find out of the bundle; most often it is not installed yet, or has nothing of
 * the path, and where its package.json does not export it esbuild says that, too.
 */
async function explainMissingPackage(message: Message, entry: string): Promise<Message> {
  const [, path] = /^Could not resolve "([^"]+)"/.exec(message.text) ?? []
  const name = path === undefined ? undefined : packageName(path)
  const others = message.notes.filter(({ text }) => !text.includes(`mark the path "${path}" as external`))
  if (path === undefined || name === undefined || others.length === message.notes.length) {
    return message
  }
  if (others.length > 0) {
    return { ...message, notes: others }
  }
  const isThere = path !== name && (await findPackage(name, entry)) !== undefined
  const text = isThere
    ? `The package ${name} is installed, and has no ${path.slice(name.length + 1)}`
    : `The package ${name} is not installed where this file could import it: npm install ${name}`
  return { ...message, notes: [{ text, location: null }] }
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

export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}
