/** A disk that is full, or a limit that is as if it were, whichever step of a build finds it: pkg and esbuild tell it in their own ways. */
import { BuildError } from './build-error.ts'

/** There is no space for what the build writes, or its user may write no more, or no file as large. */
export class FullDiskError extends BuildError {
  override readonly name = 'FullDiskError'
}

/** How many causes of causes are looked at. */
const DEEPEST = 10

/** A {@link FullDiskError} if that is what is behind `error`, else `error` itself. */
export function explainFullDisk(error: unknown, outDir: string): unknown {
  const told = causes(error).find(({ code, message }) => isFull(`${code} ${message}`))
  if (told !== undefined && /\bEFBIG\b/.test(`${told.code} ${told.message}`)) {
    return new FullDiskError(
      `a build writes files of up to 130 MB, and the system does not let it write one as large; raise the limit, which ulimit -f tells, or give another folder with --out-dir`,
      { cause: error },
    )
  }
  if (told === undefined) {
    return error
  }
  const [, written = told.dest ?? told.path ?? outDir] =
    /(?:-> |open |write )'([^']+)'/.exec(told.message) ?? []
  return new FullDiskError(
    `there is no space left on the disk of ${written}; a build writes up to 400 MB in ${outDir}, and 150 in the cache folder: make room, or give another folder with --out-dir`,
    { cause: error },
  )
}

function isFull(text: string): boolean {
  return /\b(ENOSPC|EDQUOT|EFBIG)\b/.test(text)
}

type SystemError = Error & { readonly code?: string; readonly path?: string; readonly dest?: string }

function causes(error: unknown): SystemError[] {
  const found: SystemError[] = []
  for (let at = error; at instanceof Error && found.length < DEEPEST; at = at.cause) {
    found.push(at)
  }
  return found
}
