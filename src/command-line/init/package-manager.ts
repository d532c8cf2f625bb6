/** Which package manager a project uses: by the lock file in its folder or further up, or by what has started this command. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Its commands. */
export interface PackageManager {
  readonly install: string
  /** What a script of package.json is run with. */
  readonly run: string
}

const MANAGERS: Readonly<Record<string, PackageManager>> = {
  npm: { install: 'npm install', run: 'npm run' },
  pnpm: { install: 'pnpm install', run: 'pnpm run' },
  yarn: { install: 'yarn install', run: 'yarn run' },
  bun: { install: 'bun install', run: 'bun run' },
}

const LOCK_FILES: readonly (readonly [file: string, manager: string])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
]

export function findPackageManager(folder: string, env: NodeJS.ProcessEnv): PackageManager {
  const [starter = ''] = (env.npm_config_user_agent ?? '').split('/')
  const name = lockedManager(folder) ?? starter
  return (Object.hasOwn(MANAGERS, name) ? MANAGERS[name] : undefined) ?? (MANAGERS.npm as PackageManager)
}

function lockedManager(folder: string): string | undefined {
  for (let each = folder; ; each = dirname(each)) {
    const found = LOCK_FILES.find(([file]) => existsSync(join(each, file)))
    if (found !== undefined || dirname(each) === each) {
      return found?.[1]
    }
  }
}
