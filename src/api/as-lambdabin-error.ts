/** Tells what was thrown by its code: whose mistake it is. */
import { BuildOptionsError } from '../compiler/build-error.ts'
import { UnknownLocaleError } from '../compiler/icu/locales.ts'
import { remedyFor } from '../configuration/nearest-name.ts'
import { UsageError } from '../configuration/usage-error.ts'
import { LambdabinError, type LambdabinErrorCode } from './lambdabin-error.ts'

/** What was thrown, as a value. */
export function asLambdabinError(thrown: unknown, signal?: AbortSignal): LambdabinError {
  if (signal?.aborted) {
    // What was thrown then is that something is gone, in whatever words.
    return new LambdabinError('ABORTED', 'the signal told to end before this was done', {
      cause: signal.reason,
    })
  }
  if (thrown instanceof LambdabinError) {
    return thrown
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  if (thrown instanceof UnknownLocaleError) {
    return new LambdabinError('USAGE', explainLocale(thrown), { cause: thrown })
  }
  return new LambdabinError(codeOf(thrown), message, { cause: thrown })
}

function explainLocale({ locale, known }: UnknownLocaleError): string {
  const remedy = remedyFor(locale, known, 'name others, or leave --intl out')
  return `--intl expects locales that Node.js knows, and ${locale} is none; ${remedy}`
}

function codeOf(thrown: unknown): LambdabinErrorCode {
  if (thrown instanceof UsageError || thrown instanceof BuildOptionsError) {
    return 'USAGE'
  }
  return thrown instanceof Error && 'isMeantForUser' in thrown && thrown.isMeantForUser === true
    ? 'BUILD'
    : 'UNEXPECTED'
}
