/**
 * Writes to stdout and stderr that are done when they resolve, and that a reader who has left does not fail. What a command prints on
 * stdout is its result, so nothing else may be there.
 */
import process from 'node:process'
import type { Writable } from 'node:stream'

/** stdout or stderr cannot take what is written, as on a disk that is full. The message is a sentence. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  readonly isMeantForUser = true
}

/** The way to stdout that is left when all others lead to stderr. */
let writeToStdout: Writable['write'] | undefined

/**
 * Has what a configuration, a plugin or any other code but {@link writeAll} writes to stdout, by `console` say, go to stderr from now on.
 */
export function keepStdout(): void {
  writeToStdout ??= process.stdout.write.bind(process.stdout)
  process.stdout.write = process.stderr.write.bind(process.stderr)
}

/** Resolves when all is handed to the system: the process may end then. Rejects with an {@link OutputError}. */
export async function writeAll(output: Writable, chunk: Uint8Array | string): Promise<void> {
  ignoreClosedPipe(output)
  const write: Writable['write'] =
    output === process.stdout && writeToStdout !== undefined ? writeToStdout : output.write.bind(output)
  await new Promise<void>((resolve, reject) => {
    write(chunk, (error) => (error && !isClosedPipe(error) ? reject(explained(error, output)) : resolve()))
  })
}

const ignoring = new WeakSet<Writable>()

/**
 * A stream emits its errors as well as reporting them to the write, where nobody may hear them; `head` closing its end of the pipe is no
 * crash, and of stderr there is nowhere to tell.
 */
export function ignoreClosedPipe(output: Writable): void {
  if (!ignoring.has(output)) {
    ignoring.add(output)
    output.on('error', (error) => {
      if (!isClosedPipe(error) && output !== process.stdout && output !== process.stderr) {
        throw error
      }
    })
  }
}

function isClosedPipe(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED'
}

function explained(error: Error, output: Writable): Error {
  if (output !== process.stdout && output !== process.stderr) {
    return error
  }
  const { code = error.message } = error as NodeJS.ErrnoException
  const name = output === process.stdout ? 'stdout' : 'stderr'
  return new OutputError(
    `expected to write to ${name}, but it does not take what is written (${code}); see where it leads, and whether there is room`,
    { cause: error },
  )
}
