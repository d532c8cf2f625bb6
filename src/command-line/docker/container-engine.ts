/** The program that makes images and runs containers: Docker's, or another that has its command line. */
import { spawn, spawnSync } from 'node:child_process'
import process from 'node:process'
import { BuildError } from '../../compiler/build-error.ts'

/** There is no container engine here that answers, or it could not do what it was asked. */
export class ContainerEngineError extends BuildError {
  override readonly name = 'ContainerEngineError'
}

export interface ContainerEngine {
  /** `docker`, `podman`, or what `LAMBDABIN_DOCKER` says. */
  readonly command: string
  readonly isPodman: boolean
}

/** How long an engine may take to say that it is there: Docker Desktop may have to wake up. */
const ANSWER_MS = 60_000

/** The first of the programs that is installed, if its engine answers. Throws a {@link ContainerEngineError}. */
export function findEngine(): ContainerEngine {
  const given = process.env.LAMBDABIN_DOCKER
  for (const command of given ? [given] : ['docker', 'podman']) {
    const { error, status, stdout, stderr } = spawnSync(
      command,
      ['version', '--format', '{{.Client.Version}}'],
      {
        encoding: 'utf8',
        timeout: ANSWER_MS,
      },
    )
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') {
      continue
    }
    if (status !== 0) {
      const said = (stderr || stdout || error?.message || '').trim().split('\n').at(-1)
      throw new ContainerEngineError(
        `${command} is installed, and its engine does not answer (${said}); start Docker Desktop or the engine's service, and look whether you may use it`,
        { cause: error },
      )
    }
    return { command, isPodman: isPodman(command) }
  }
  throw new ContainerEngineError(
    given
      ? `LAMBDABIN_DOCKER names the program ${given}, which could not be started; name one with the command line of docker`
      : '--docker expects docker or podman, and neither could be started; install Docker Desktop, Docker Engine or Podman',
  )
}

/** Podman may be installed under Docker's name. */
function isPodman(command: string): boolean {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: ANSWER_MS })
  return /podman/i.test(stdout ?? '')
}

/** What the program writes on stdout when it ends well; undefined when it does not. */
export function askEngine({ command }: ContainerEngine, parameters: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(command, parameters, { encoding: 'utf8', timeout: ANSWER_MS })
  return status === 0 ? stdout.trim() : undefined
}

/** Runs the program to its end, all that it writes going to stderr. Resolves to its exit status. */
export function runEngine(engine: ContainerEngine, parameters: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(engine.command, parameters, { stdio: ['ignore', 2, 2] })
    child.once('error', reject)
    child.once('close', (status) => resolve(status ?? 1))
  })
}
