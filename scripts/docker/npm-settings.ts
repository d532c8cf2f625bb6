/** How npm runs in the container: with the settings of the project and of its user, which no image holds. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { baseNode, IMAGE } from './image-folders.ts'

/** Where `lambdabin build --docker` mounts the user's own settings. */
const USER_SETTINGS = join(IMAGE, 'user.npmrc')

/**
 * For npm in the project's folder, and for programs that it starts: they find the image's Node.js. What npm says is told,
 * whatever a project's own npm scripts want.
 */
export function npmEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...env,
    PATH: `${dirname(baseNode('x64'))}:${process.env.PATH ?? '/usr/bin:/bin'}`,
    NPM_CONFIG_LOGLEVEL: env.NPM_CONFIG_LOGLEVEL ?? 'notice',
    ...(existsSync(USER_SETTINGS) ? { NPM_CONFIG_USERCONFIG: USER_SETTINGS } : {}),
    ...withoutEmpty(env),
  }
}

/** For npm in a folder of its own, with the project's settings as if it were there. */
export function npmEnvironmentElsewhere(env: NodeJS.ProcessEnv, project: string): NodeJS.ProcessEnv {
  const settings = join(project, '.npmrc')
  const elsewhere = { ...npmEnvironment(env), NPM_CONFIG_LOGLEVEL: 'error' }
  if (!existsSync(settings)) {
    return elsewhere
  }
  return {
    ...elsewhere,
    NPM_CONFIG_USERCONFIG: settings,
    ...(existsSync(USER_SETTINGS) ? { NPM_CONFIG_GLOBALCONFIG: USER_SETTINGS } : {}),
  }
}

/** Compose v1 sets variables that it does not know to nothing, which to npm is a value. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['NPM_CONFIG_REGISTRY', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']
  return Object.fromEntries(names.filter((name) => env[name] === '').map((name) => [name, undefined]))
}
