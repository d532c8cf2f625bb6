/** What the tests of the container share: an engine of their own, base images, a mirror, and the ways to use them. */

import assert from 'node:assert/strict'
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Engine, startEngine } from './engine.ts'
import { type Ended, type RunOptions, run, runWell } from './processes.ts'
import { BASE_IMAGE, importImages, type Mirror, NODE_VERSION, startMirror } from './stand-ins.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
const NODE = join(REPOSITORY, 'node_modules/.bin/node')

/** Whoever has a project on the host: nobody that any image knows. */
export const OWNER = { uid: 1234, gid: 1235 }

export const CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt'

/** Variables that would change what is built, were they this process's. */
const OF_BUILDS = ['ENTRY', 'NAME', 'ARCH', 'INTL', 'PORT', 'PLATFORM']

export interface Session {
  readonly engine: Engine
  readonly mirror: Mirror
  /** With the mirror, for `docker-compose` and `lambdabin build --docker`. */
  readonly env: NodeJS.ProcessEnv
  /** Runs `docker-compose` in a folder, as root. */
  compose(folder: string, parameters: readonly string[], options?: ComposeOptions): Promise<Ended>
  /** What the engine tells. */
  docker(parameters: readonly string[]): Promise<string>
}

export interface ComposeOptions extends Pick<RunOptions, 'onOutput'> {
  readonly variables?: Readonly<Record<string, string>>
}

/**
 * Makes what the engine needs, and what `prepare` makes, side by side. Undefined where no engine starts, or runs no
 * containers; then the test is skipped and says why.
 */
export async function startSession<Prepared>(
  t: TestContext,
  prepare: (engine: Engine) => Promise<Prepared>,
): Promise<{ readonly session: Session; readonly prepared: Prepared } | undefined> {
  const engine = await startEngine().catch((error: Error) => error)
  if (engine instanceof Error) {
    t.skip(`no Docker engine starts here: ${engine.message}`)
    return undefined
  }
  t.after(() => engine.stop())
  const mirrored = startMirror(engine).then((started) => {
    t.after(() => started.close())
    return started
  })
  const [mirror, prepared] = await sideBySide([mirrored, prepare(engine), importImages(engine)])
  const probe = await run('docker', ['run', '--rm', BASE_IMAGE, 'true'], { env: engine.env })
  if (probe.status !== 0) {
    t.skip(`the Docker engine runs no containers here: ${probe.output.trim()}`)
    return undefined
  }
  letUse(engine)
  const env = environment(engine, mirror)
  const session: Session = {
    engine,
    mirror,
    env,
    compose: (folder, parameters, { variables = {}, onOutput } = {}) =>
      run('docker-compose', ['--ansi', 'never', ...parameters], {
        cwd: folder,
        env: { ...env, ...variables },
        ...(onOutput && { onOutput }),
      }),
    docker: async (parameters) => (await runWell('docker', parameters, { env })).stdout.trim(),
  }
  return { session, prepared }
}

/** As Promise.all, but rejects when all of them have ended: none works on in a folder that goes. */
export async function sideBySide<Work extends readonly Promise<unknown>[]>(
  work: readonly [...Work],
): Promise<{ [Index in keyof Work]: Awaited<Work[Index]> }> {
  await Promise.allSettled(work)
  return Promise.all(work)
}

/** Lets OWNER reach the engine, as members of the group `docker` do. */
function letUse({ folder }: Engine): void {
  chmodSync(folder, 0o711)
  chownSync(join(folder, 'docker.sock'), 0, OWNER.gid)
  chmodSync(join(folder, 'docker.sock'), 0o660)
}

function environment(engine: Engine, mirror: Mirror): NodeJS.ProcessEnv {
  const others = Object.entries(engine.env).filter(([name]) => !OF_BUILDS.includes(name))
  return {
    ...Object.fromEntries(others),
    NODE_VERSION,
    NODE_X64_MIRROR: mirror.url,
    NODE_X64_SHA256: mirror.sha256.x64,
    NODE_ARM64_MIRROR: mirror.url,
    NODE_ARM64_SHA256: mirror.sha256.arm64,
    // npm's own of this process are none of a user's.
    npm_config_userconfig: '',
    npm_config_registry: '',
  }
}

/** What is checked out here, as it is now, in a folder of OWNER's. */
export async function cloneRepository(engine: Engine, name: string): Promise<string> {
  const project = join(engine.folder, name)
  mkdirSync(project)
  await runWell(
    'sh',
    [
      '-ec',
      `git ls-files -z --cached --others --exclude-standard --deduplicate | grep -zv '^test/' | tar -c --null --ignore-failed-read -T - | tar -x -C '${project}'`,
    ],
    { cwd: REPOSITORY },
  )
  await giveToOwner(project)
  return project
}

export async function giveToOwner(folder: string): Promise<void> {
  await runWell('chown', ['-R', `${OWNER.uid}:${OWNER.gid}`, folder])
}

/** Puts the certificates of this machine's network where the Dockerfile looks for them. */
export function addCertificates(folder: string): void {
  if (existsSync(CERTIFICATES)) {
    writeFileSync(join(folder, 'extra-ca-certificates.pem'), readFileSync(CERTIFICATES))
  }
}

/** Runs lambdabin's command, of this checkout or the package in `installed`, as OWNER with a home of none. */
export function runAsOwner(
  { env }: Session,
  cwd: string,
  args: readonly string[],
  options: Pick<RunOptions, 'onOutput'> & { readonly installed?: string } = {},
): Promise<Ended> {
  const { installed = REPOSITORY, ...more } = options
  return run(NODE, [join(installed, 'bin/lambdabin.js'), ...args], {
    cwd,
    env: {
      ...env,
      HOME: '/nonexistent',
      // Whoever OWNER is cannot have this machine's.
      XDG_CACHE_HOME: '/nonexistent/.cache',
      ...(existsSync(CERTIFICATES) && { NODE_EXTRA_CA_CERTS: CERTIFICATES }),
    },
    user: OWNER,
    ...more,
  })
}

export function assertOwned(folder: string, paths: readonly string[]): void {
  for (const path of paths) {
    const { uid, gid } = lstatSync(join(folder, path))
    assert.deepEqual({ uid, gid }, OWNER, path)
  }
}

export function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
