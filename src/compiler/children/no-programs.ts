/** A build runs what it makes: where it makes that, programs must be allowed to run. */
import { sep } from 'node:path'
import { cacheFolder } from '../../../bin/pinned-node.js'
import { noexecMount } from '../../sandbox/noexec-mount.ts'
import { BuildError } from '../build-error.ts'

/** A BuildError with what to do if `error`, or a cause of it, is that a program was to be run where none can be, else `error` itself. */
export function explainNoPrograms(error: unknown): unknown {
  const path = refusedProgram(error)
  const mount = path && noexecMount(path)
  if (path === undefined || mount === undefined) {
    return error
  }
  const remedy = path.startsWith(`${cacheFolder()}${sep}`)
    ? 'set XDG_CACHE_HOME to a folder elsewhere'
    : 'give a folder elsewhere with --out-dir'
  return new BuildError(
    `a build runs the programs that it makes, and in ${mount} none can be run, since it is mounted with noexec; ${remedy}`,
    { cause: error },
  )
}

function refusedProgram(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined
  }
  // Of a command that runs others, pkg's, there is what it prints.
  const [, path] = /\bspawn (\/.+) EACCES\b/.exec(error.message) ?? []
  return path ?? refusedProgram(error.cause)
}
