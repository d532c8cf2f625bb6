/**
 * Finds the configuration that holds in a folder: its own, or the nearest one further up.
 *
 * The search ends at the workspace's root: the uppermost folder that says of itself that it is one, or that holds a
 * repository. Where there is none, it ends at the nearest folder with a `package.json`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import { UsageError } from './usage-error.ts'

const NAMES = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'].map((ending) => `lambdabin.config.${ending}`)
const MANIFEST = 'package.json'

/** The key of `package.json` that may hold a configuration. */
export const MANIFEST_KEY = 'lambdabin'

/** The absolute path of the configuration's file, which may be a `package.json`; undefined when there is none. */
export function findConfiguration(folder: string): string | undefined {
  for (const each of searchedFolders(folder)) {
    const found = configurationsIn(each)
    if (found.length > 1) {
      throw new UsageError(`${each} has several configurations, ${found.join(' and ')}; keep one of them`)
    }
    if (found[0] !== undefined) {
      return join(each, found[0])
    }
  }
  return undefined
}

function configurationsIn(folder: string): string[] {
  const files = NAMES.filter((name) => existsSync(join(folder, name)))
  const manifest = readManifest(folder)
  return manifest !== undefined && Object.hasOwn(manifest, MANIFEST_KEY) ? [...files, MANIFEST] : files
}

/** From the folder to where the search ends. */
function searchedFolders(folder: string): string[] {
  const all = [folder]
  for (let parent = dirname(folder); parent !== all.at(-1); parent = dirname(parent)) {
    all.push(parent)
  }
  const root = all.findLastIndex(isWorkspaceRoot)
  const end = root === -1 ? all.findIndex((each) => existsSync(join(each, MANIFEST))) : root
  return all.slice(0, Math.max(1, end + 1))
}

function isWorkspaceRoot(folder: string): boolean {
  return (
    ['pnpm-workspace.yaml', '.git'].some((name) => existsSync(join(folder, name))) ||
    readManifest(folder)?.workspaces !== undefined
  )
}

/** Undefined where there is none, or none that can be read: that is others' to say. */
function readManifest(folder: string): { workspaces?: unknown } | undefined {
  try {
    const manifest: unknown = JSON.parse(withoutMark(readFileSync(join(folder, MANIFEST), 'utf8')))
    return typeof manifest === 'object' && manifest !== null ? manifest : undefined
  } catch {
    return undefined
  }
}
