/** Which package manager a project uses: as it says itself, or by what has started this command. */
import { knownManager, projectManager } from '../../compiler/dependencies/installed/package-manager.ts'

/** Its commands. */
export interface PackageManager {
  readonly install: string
  /** What a script of package.json is run with. */
  readonly run: string
}

export function findPackageManager(folder: string, env: NodeJS.ProcessEnv): PackageManager {
  const [starter = ''] = (env.npm_config_user_agent ?? '').split('/')
  const name = projectManager(folder)?.manager ?? knownManager(starter) ?? 'npm'
  return { install: `${name} install`, run: `${name} run` }
}
