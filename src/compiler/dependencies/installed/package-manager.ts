/** Which package manager a project is installed with, and the commands for it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { withoutMark } from '../../text/byte-order-mark.ts'

export interface InstallCommands {
  /** All that package.json names. */
  readonly all: string
  /** What stands before the name of one package. */
  readonly one: string
}

const MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'] as const
export type PackageManagerName = (typeof MANAGERS)[number]

const LOCK_FILES: readonly (readonly [file: string, manager: PackageManagerName])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
]

/** How to install in `folder`: with npm where nothing says otherwise. */
export function installCommands(folder: string): InstallCommands {
  const { manager = 'npm', lockFile } = projectManager(folder) ?? {}
  if (manager !== 'npm') {
    return { all: `${manager} install`, one: `${manager} add` }
  }
  // Without a lock file, npm ci refuses.
  return { all: lockFile === undefined ? 'npm install' : 'npm ci', one: 'npm install' }
}

/**
 * By the lock file in `folder`, or by `packageManager` in its package.json, which Corepack goes by; else by those further up.
 * Undefined where none tells.
 */
export function projectManager(
  folder: string,
): { readonly manager: PackageManagerName; readonly lockFile: string | undefined } | undefined {
  for (let each = folder; ; each = dirname(each)) {
    const [lockFile, locked] = LOCK_FILES.find(([file]) => existsSync(join(each, file))) ?? []
    const manager = locked ?? namedManager(each)
    if (manager !== undefined) {
      return { manager, lockFile }
    }
    if (dirname(each) === each) {
      return undefined
    }
  }
}

function namedManager(folder: string): PackageManagerName | undefined {
  try {
    const { packageManager } = JSON.parse(withoutMark(readFileSync(join(folder, 'package.json'), 'utf8')))
    const [name = ''] = String(packageManager).split('@')
    return knownManager(name)
  } catch {
    return undefined // There is none, or it is no JSON, which others tell.
  }
}

export function knownManager(name: string): PackageManagerName | undefined {
  return MANAGERS.find((each) => each === name)
}
