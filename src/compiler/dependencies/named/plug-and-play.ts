/**
 * Packages of projects with Yarn's Plug'n'Play. There is no node_modules there: packages are in archives, and `.pnp.cjs` knows which
 * one each has a name for. Whatever Yarn starts has loaded that before, by NODE_OPTIONS; Node.js reads files in archives by then,
 * and tells of the rest by `findPnpApi` (https://yarnpkg.com/advanced/pnpapi).
 */
import { existsSync, readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { dirname, join, resolve } from 'node:path'

interface PlugAndPlay {
  /** A package's folder, for its name; throws where `issuer` may not use it, or it is not installed. */
  resolveToUnqualified(name: string, issuer: string): string | null
  /** The file that an import leads to; null for Node.js's own modules. */
  resolveRequest(request: string, issuer: string, options: { conditions: Set<string> }): string | null
}

/** Whether packages of the project that `folder` is in are in archives that this process cannot read, as Yarn has not started it. */
export function hasUnreadableArchives(folder: string): boolean {
  return findUnreadTable(folder) !== undefined
}

/**
 * Has this process read the archives of the project that `folder` is in, as what Yarn starts can: for the command of a lambdabin that
 * is not the project's own. It changes Node.js's `fs`, for all of the process.
 */
export function openArchives(folder: string): void {
  const table = findUnreadTable(folder)
  if (table !== undefined) {
    nodeModule.createRequire(table)(table).setup?.()
    nodeModule.syncBuiltinESMExports()
  }
}

/** The folders outside of the project of `folder` that its packages are in: Yarn's cache, unless the project has its own. */
export function outerArchiveFolders(folder: string): string[] {
  const table = findTable(folder)
  if (table === undefined) {
    return []
  }
  const texts = [table, join(dirname(table), '.pnp.data.json')].filter(existsSync).map(readText)
  const archives = texts.flatMap((text) => [...text.matchAll(OUTER_ARCHIVE)].map(([, path = '']) => path))
  return [...new Set(archives.map((path) => resolve(dirname(table), dirname(path))))]
}

const OUTER_ARCHIVE = /"packageLocation": "(\.\.\/[^"]*?\.zip)\//g

function readText(file: string): string {
  return readFileSync(file, 'utf8')
}

/** The table of the project that `folder` is in, if this process has not loaded it. */
function findUnreadTable(folder: string): string | undefined {
  return findPlugAndPlay(join(folder, 'package.json')) === undefined ? findTable(folder) : undefined
}

/** Of the project that `folder` is in. */
function findTable(folder: string): string | undefined {
  const file = join(folder, '.pnp.cjs')
  if (existsSync(file)) {
    return file
  }
  return dirname(folder) === folder ? undefined : findTable(dirname(folder))
}

/**
 * The folder of the package that has a name in a file, in its archive. Not the path behind it, with links resolved: a package with
 * peers has a path for each set of them. Undefined where there is none, or no Plug'n'Play.
 */
export function findInArchives(name: string, fromFile: string): string | undefined {
  const found = attempt(() => findPlugAndPlay(fromFile)?.resolveToUnqualified(name, fromFile))
  const folder = found?.replace(/\/$/, '')
  return folder !== undefined && existsSync(join(folder, 'package.json')) ? folder : undefined
}

/** The file that an import of a package leads to; undefined as for {@link findInArchives}. */
export function resolveInArchives(
  specifier: string,
  fromFile: string,
  kind: 'import' | 'require',
): string | undefined {
  const conditions = new Set(['node', 'node-addons', 'module-sync', kind])
  return attempt(() => findPlugAndPlay(fromFile)?.resolveRequest(specifier, fromFile, { conditions }))
}

function findPlugAndPlay(file: string): PlugAndPlay | undefined {
  const { findPnpApi } = nodeModule as { findPnpApi?: (file: string) => PlugAndPlay | null }
  return findPnpApi?.(file) ?? undefined
}

function attempt(find: () => string | null | undefined): string | undefined {
  try {
    return find() ?? undefined
  } catch {
    return undefined
  }
}
