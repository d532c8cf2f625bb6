/** Which package manager a project uses: as it says itself, or by what has started this command. */
import { projectManager } from '../../compiler/dependencies/installed/package-manager.ts'

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

export function findPackageManager(folder: string, env: NodeJS.ProcessEnv): PackageManager {
  const [starter = ''] = (env.npm_config_user_agent ?? '').split('/')
  const name = projectManager(folder)?.manager ?? starter
  return (Object.hasOwn(MANAGERS, name) ? MANAGERS[name] : undefined) ?? (MANAGERS.npm as PackageManager)
}
