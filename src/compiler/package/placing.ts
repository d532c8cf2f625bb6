/** Puts what is made in its place, where that may be somebody else's by then: another user's, a mount, a disk that is read-only. */
import { BuildError } from '../build-error.ts'

/** What is made cannot be put in its place. */
export class PlacingError extends BuildError {
  override readonly name = 'PlacingError'
}

const REFUSALS: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']

/** Rejects with a {@link PlacingError} where the system does not let `work` change what is at `place`, and as `work` does. */
export async function placing<Result>(place: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw REFUSALS.includes(code)
      ? new PlacingError(
          `expected to put what is built at ${place}, and the system does not let it be changed there (${code}); see whose it and its folder are, or give another folder with --out-dir`,
          { cause: error },
        )
      : error
  }
}
