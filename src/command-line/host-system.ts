/** Which commands work on which computers: what lambdabin builds runs on Linux, and so does what runs it. */
import { BuildError } from '../compiler/build-error.ts'

/** The command does not work on this system; there is a way that does. */
export class HostSystemError extends BuildError {
  override readonly name = 'HostSystemError'
}

const SYSTEMS: Readonly<Record<string, string>> = { darwin: 'macOS', win32: 'Windows' }

/** Commands that start a function's executable, and what does the same in a container. */
const INSTEAD: Readonly<Record<string, string>> = {
  invoke: '`docker-compose up lambda`, and curl, as docs/docker.md says',
  serve: '`docker-compose up lambda`, or lambdabin serve in a Linux container',
}

/** Throws a {@link HostSystemError} when `command` cannot work on `platform`, as `process.platform` names it. */
export function checkHostSystem(command: string, platform: NodeJS.Platform): void {
  const instead = INSTEAD[command]
  if (platform === 'linux' || instead === undefined) {
    return
  }
  throw new HostSystemError(
    `lambdabin ${command} runs executables for Linux, and this is ${SYSTEMS[platform] ?? platform}; use ${instead}`,
  )
}
