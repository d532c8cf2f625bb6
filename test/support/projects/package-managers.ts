/** Package managers that people install lambdabin with, of exact versions, from npm's registry; and projects that use them. */

import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { writeFiles } from './files.ts'
import { hostNode } from './host-node.ts'
import { userEnvironment } from './user-environment.ts'

const run = promisify(execFile)

const VERSIONS = { pnpm: '10.34.9', yarn: '1.22.22', '@yarnpkg/cli-dist': '4.18.1', bun: '1.4.5' }

export interface PackageManagers {
  /** Where their commands are. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

/** Installs them into `folder`, where they also keep what they fetch. */
export async function installPackageManagers(folder: string): Promise<PackageManagers> {
  // Bun's own script puts its program into its place.
  const manifest = { private: true, dependencies: VERSIONS, allowScripts: { bun: true } }
  writeFiles(folder, { 'package.json': manifest })
  await run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    timeout: 300_000,
  })
  const commands = join(folder, 'commands')
  mkdirSync(commands)
  const { stdout } = await run('npm', ['config', 'get', 'registry'])
  const registry = stdout.trim()
  return {
    folder,
    env: {
      ...userEnvironment(),
      CI: '',
      npm_config_registry: registry,
      BUN_CONFIG_REGISTRY: registry,
      BUN_INSTALL_CACHE_DIR: join(folder, 'bun-cache'),
      YARN_NPM_REGISTRY_SERVER: registry,
      YARN_GLOBAL_FOLDER: join(folder, 'yarn-4'),
      YARN_ENABLE_TELEMETRY: '0',
      YARN_CACHE_FOLDER: join(folder, 'yarn-cache'),
      XDG_DATA_HOME: join(folder, 'data'),
    },
  }
}

/** What runs a package manager: its command's file, under the machine's Node.js. */
export function commandOf({ folder }: PackageManagers, name: string): [string, ...string[]] {
  const files: Readonly<Record<string, string>> = {
    pnpm: 'pnpm/bin/pnpm.cjs',
    yarn1: 'yarn/bin/yarn.js',
    yarn4: '@yarnpkg/cli-dist/bin/yarn.js',
  }
  const file = files[name]
  if (file !== undefined) {
    return [hostNode(), join(folder, 'node_modules', file)]
  }
  return name === 'bun' ? [join(folder, 'node_modules/.bin/bun')] : [name]
}
