/**
 * What a package reads in the working folder by a name of its own, as `config` its settings: `join(process.cwd(), 'config')`. On Lambda that
 * folder is the function's package.
 */
import { existsSync } from 'node:fs'
import { join, sep } from 'node:path'
import { parseModule } from '../../syntax-tree.ts'
import { findWorkingFolderJoins } from '../own/working-folder.ts'
import { nameOfFolder } from '../package-of-file.ts'

export interface PackageRead {
  /** Name of the package. */
  readonly by: string
  /** Absolute path in the project. */
  readonly path: string
}

const HINT = /\bprocess\s*\.\s*cwd\b|\bLAMBDA_TASK_ROOT\b/

/** A module without this may join paths to write there, or to tell them. */
const READS =
  /\b(?:readFile|readdir|opendir|createReadStream)|\b(?:require|import)\s*\(\s*(?!["'`\s)]|\/[/*])/

/** What package managers and compilers read, which is there in each project. */
const OF_TOOLS =
  /^(?:package\.json|node_modules|[jt]sconfig\b.*\.json|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-(?:lock|workspace)\.yaml|bun\.lockb?)(?:\/|$)/

/** Such paths in a package's module `code`, relative. */
export function findPackageReads(code: string): string[] {
  const program = HINT.test(code) && READS.test(code) ? parseModule(code) : undefined
  // A name that begins with a dot may be of secrets, as `.env`.
  const isTold = (path: string) => !OF_TOOLS.test(path) && !/(?:^|\/)\./.test(path)
  return program === undefined ? [] : findWorkingFolderJoins(program).filter(isTold)
}

/** Those of packages, by folder, in `root`, which the package's root stands for: each path once. */
export function readsInRoot(
  packages: ReadonlyMap<string, { readonly reads: readonly string[] }>,
  root: string,
): PackageRead[] {
  const all = [...packages].flatMap(([folder, { reads }]) =>
    reads.map((path) => [join(root, path), nameOfFolder(folder)] as const),
  )
  return [...new Map(all)].map(([path, by]) => ({ path, by }))
}

/** Those that are there, but not what the sources are in, of which `entry` is one. */
export function presentReads(reads: readonly PackageRead[], entry: string): PackageRead[] {
  return reads.filter(({ path }) => existsSync(path) && entry !== path && !entry.startsWith(path + sep))
}
