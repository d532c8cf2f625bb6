/** How the API's clients name a function: by its name, a partial ARN or a whole one, each with a qualifier or without. */

import { ResourceNotFoundException, ValidationException } from '../lambda-error.ts'

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z]{2}(?:-[a-z]+)+-\d:)?(?:\d{12}:)?(?:function:)?([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$/

const MAX_NAME = 64

/** The function's name. Throws a ValidationException, or a ResourceNotFoundException for another version than `$LATEST`. */
export function functionNameOf(
  reference: string,
  qualifier: string | null,
  arn: (name: string) => string,
): string {
  const [, name, version = qualifier ?? undefined] = REFERENCE.exec(reference) ?? []
  if (name === undefined || name.length > MAX_NAME) {
    throw new ValidationException(
      `1 validation error detected: Value ${JSON.stringify(reference.slice(0, 200))} at 'functionName' failed to satisfy constraint: ` +
        `expected a name of 1 to ${MAX_NAME} letters, digits, hyphens and underscores, or an ARN with such a name`,
    )
  }
  if (version !== undefined && version !== '' && version !== '$LATEST') {
    throw new ResourceNotFoundException(
      `Function not found: ${arn(name)}:${version}; there are no versions and aliases here but $LATEST`,
    )
  }
  return name
}
