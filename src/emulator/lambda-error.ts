/**
 * What the Lambda API refuses, and what it calls that: one class per error type.
 *
 * Source: the errors of each operation in the AWS Lambda API reference, with their statuses.
 */

export class LambdaError extends Error {
  /** HTTP's. */
  readonly status: number
  /** More members of the error document. */
  readonly details: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    details: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.status = status
    this.details = details
  }
}

export class ResourceNotFoundException extends LambdaError {
  constructor(message: string) {
    super(404, message)
  }
}

export class ResourceConflictException extends LambdaError {
  constructor(message: string) {
    super(409, message)
  }
}

export class ProvisionedConcurrencyConfigNotFoundException extends LambdaError {
  constructor(message: string) {
    super(404, message)
  }
}

export class PreconditionFailedException extends LambdaError {
  constructor(message: string) {
    super(412, message)
  }
}

/** A member that does not have the form that the API describes. */
export class ValidationException extends LambdaError {
  constructor(message: string) {
    super(400, message)
  }
}

/** A member of the right form that cannot be meant. */
export class InvalidParameterValueException extends LambdaError {
  constructor(message: string, cause?: unknown) {
    super(400, message, {}, cause)
  }
}

/** The body of a request that is not JSON where it should be. */
export class InvalidRequestContentException extends LambdaError {
  constructor(message: string, cause?: unknown) {
    super(400, message, {}, cause)
  }
}

export class SerializationException extends LambdaError {
  constructor(message: string, cause?: unknown) {
    super(400, message, {}, cause)
  }
}

export class RequestTooLargeException extends LambdaError {
  constructor(message: string) {
    super(413, message)
  }
}

/** Why a request was throttled, in the API's words. */
export type ThrottleReason =
  | 'ConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'

export class TooManyRequestsException extends LambdaError {
  constructor(reason: ThrottleReason) {
    super(429, 'Rate Exceeded.', { Reason: reason })
  }
}

export class AccessDeniedException extends LambdaError {
  constructor(message: string) {
    super(403, message)
  }
}

export class UnknownOperationException extends LambdaError {
  constructor(message: string) {
    super(404, message)
  }
}

/** A fault of this emulator or of its host: a full disk, no more file descriptors. */
export class ServiceException extends LambdaError {
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(500, `lambdabin could not do this: ${reason}; see its terminal`, {}, cause)
  }
}
