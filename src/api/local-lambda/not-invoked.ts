/** Why a local Lambda does not invoke a function that a program names, as a mistake in use. */
import { remedyFor } from '../../configuration/nearest-name.ts'
import { shown } from '../../configuration/option.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { ResourceNotFoundException } from '../../emulator/lambda-error.ts'

/** What was thrown for an invocation of `name`, where there are functions of these names; as it is, if it is something else. */
export function explainNotFound(
  thrown: unknown,
  name: string,
  qualifier: string | undefined,
  names: readonly string[],
): unknown {
  if (!(thrown instanceof ResourceNotFoundException)) {
    return thrown
  }
  const sentence = names.includes(name)
    ? `${name} has no version or alias ${shown(qualifier)}; publish one over the Lambda API, or leave the qualifier out`
    : `expected the name of a function, but got ${shown(name)}; ${names.length === 0 ? 'there is none yet' : remedyFor(String(name), names)}`
  return new UsageError(`Function not found: ${sentence}`, { cause: thrown })
}
