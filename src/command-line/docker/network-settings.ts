/** What of this computer's settings a container needs to reach the network: proxies, certificates, npm's registry. */
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'

export interface NetworkSettings {
  /** Variables for the container, by name; their values are not in the engine's arguments, which others can read. */
  readonly variables: Readonly<Record<string, string>>
  /** Those of them that are no secret, and of use when the image is made. */
  readonly ofImage: readonly string[]
  /** Absolute path of the file that NODE_EXTRA_CA_CERTS names. */
  readonly certificates: string | undefined
  /** Absolute path of the user's own settings of npm. */
  readonly npmSettings: string | undefined
  /** For the engine's `build` and `run`. */
  readonly options: readonly string[]
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']

/** Reads them from the environment, and from the `.npmrc` of the project in `folder` and of the user. */
export function networkSettings(
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): NetworkSettings {
  const proxies = PROXIES.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []))
  const isLocal = proxies.some(([, value]) => isLoopback(value))
  const userSettings = resolve(
    env.NPM_CONFIG_USERCONFIG || env.npm_config_userconfig || join(homedir(), '.npmrc'),
  )
  const texts = [join(folder, '.npmrc'), userSettings]
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
  const registry =
    env.NPM_CONFIG_REGISTRY || env.npm_config_registry || texts.map(registryOf).find((found) => found)
  const certificates = env.NODE_EXTRA_CA_CERTS ? resolve(env.NODE_EXTRA_CA_CERTS) : undefined
  return {
    variables: {
      ...Object.fromEntries(
        proxies.map(([name, value]) => [name, platform === 'linux' ? value : throughDesktop(value)]),
      ),
      ...(registry ? { NPM_CONFIG_REGISTRY: registry } : {}),
      ...Object.fromEntries(
        texts.flatMap(referredVariables).flatMap((name) => (env[name] ? [[name, env[name]]] : [])),
      ),
    },
    ofImage: [
      ...proxies.map(([name]) => name),
      ...(registry && !hasSecret(registry) ? ['NPM_CONFIG_REGISTRY'] : []),
    ],
    certificates: certificates !== undefined && existsSync(certificates) ? certificates : undefined,
    npmSettings: existsSync(userSettings) ? userSettings : undefined,
    // Only then is this computer's 127.0.0.1 the container's, too.
    options: isLocal && platform === 'linux' ? ['--network', 'host'] : [],
  }
}

function isLoopback(proxy: string): boolean {
  return /^(\w+:\/\/)?([^/@]*@)?(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:|\/|$)/i.test(proxy)
}

/** Docker Desktop and Podman's machine run in a virtual machine, and have this name for the computer itself. */
function throughDesktop(proxy: string): string {
  return isLoopback(proxy)
    ? proxy.replace(/(localhost|127\.\d+\.\d+\.\d+|\[::1\])/i, 'host.docker.internal')
    : proxy
}

function registryOf(settings: string): string | undefined {
  return /^\s*registry\s*=\s*"?([^\s"]+)/m.exec(settings)?.[1]
}

/** A build argument is to be seen in the image's history. */
function hasSecret(url: string): boolean {
  return url.includes('@') || url.includes('${')
}

/** Names of the variables that settings have in place of a value: `${NPM_TOKEN}`. */
function referredVariables(settings: string): string[] {
  return [...settings.matchAll(/\$\{(\w+)\??\}/g)].map(([, name = '']) => name)
}
