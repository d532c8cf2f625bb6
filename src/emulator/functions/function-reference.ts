/** How the API's clients name a function: by its name, a partial ARN or a whole one, each with a qualifier or without. */

import {
  AccessDeniedException,
  InvalidParameterValueException,
  ResourceNotFoundException,
  ValidationException,
} from '../lambda-error.ts'

/** This emulator's account and region. */
export interface AccountPlace {
  accountId: string
  region: string
}

export interface FunctionReference {
  name: string
  /** A version or an alias; undefined where none is named. */
  qualifier: string | undefined
}

const REFERENCE =
  /^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2}(?:-[a-z]+)+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?$/

const QUALIFIER = /^(\$LATEST|[a-zA-Z0-9_-]{1,128})$/
const MAX_NAME = 64

/**
 * `qualifier` is that of the query. Throws a ValidationException for what names no function, and Lambda's errors for one of
 * another region or account.
 */
export function readFunctionReference(
  reference: string,
  qualifier: string | null,
  place: AccountPlace,
): FunctionReference {
  const [, region, accountId, name, named] = REFERENCE.exec(reference) ?? []
  if (name === undefined || name.length > MAX_NAME) {
    throw new ValidationException(
      `1 validation error detected: Value ${JSON.stringify(reference.slice(0, 200))} at 'functionName' failed to satisfy constraint: ` +
        `expected a name of 1 to ${MAX_NAME} letters, digits, hyphens and underscores, or an ARN with such a name`,
    )
  }
  checkPlace(region, accountId, reference, place)
  const asked = qualifier || undefined
  if (asked !== undefined && !QUALIFIER.test(asked)) {
    throw new ValidationException(
      `1 validation error detected: Value ${JSON.stringify(asked.slice(0, 200))} at 'qualifier' failed to satisfy constraint: ` +
        'expected $LATEST, the number of a version or the name of an alias',
    )
  }
  if (named !== undefined && asked !== undefined && named !== asked) {
    throw new InvalidParameterValueException(
      'The derived qualifier from the function name does not match the specified qualifier.',
    )
  }
  return { name, qualifier: named ?? asked }
}

function checkPlace(
  region: string | undefined,
  accountId: string | undefined,
  reference: string,
  place: AccountPlace,
): void {
  if (region !== undefined && region !== place.region) {
    throw new ResourceNotFoundException(
      `Functions from '${region}' are not reachable in this region ('${place.region}')`,
    )
  }
  if (accountId !== undefined && accountId !== place.accountId) {
    throw new AccessDeniedException(
      `User: arn:aws:iam::${place.accountId}:user/lambdabin is not authorized to access the function ${reference} of another account`,
    )
  }
}
