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

const COMMANDS: Readonly<Record<string, InstallCommands>> = {
  npm: { all: 'npm install', one: 'npm install' },
  pnpm: { all: 'pnpm install', one: 'pnpm add' },
  yarn: { all: 'yarn install', one: 'yarn add' },
  bun: { all: 'bun install', one: 'bun add' },
}

const LOCK_FILES: readonly (readonly [file: string, manager: string])[] = [
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
  const commands = COMMANDS[manager] as InstallCommands
  // Without a lock file, npm ci refuses.
  return manager === 'npm' && lockFile !== undefined ? { ...commands, all: 'npm ci' } : commands
}

/**
 * By the lock file in `folder`, or by `packageManager` in its package.json, which Corepack goes by; else by those further up.
 * Undefined where none tells.
 */
export function projectManager(
  folder: string,
): { readonly manager: string; readonly lockFile: string | undefined } | undefined {
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

function namedManager(folder: string): string | undefined {
  try {
    const { packageManager } = JSON.parse(withoutMark(readFileSync(join(folder, 'package.json'), 'utf8')))
    const [name = ''] = String(packageManager).split('@')
    return Object.hasOwn(COMMANDS, name) ? name : undefined
  } catch {
    return undefined // There is none, or it is no JSON, which others tell.
  }
}
