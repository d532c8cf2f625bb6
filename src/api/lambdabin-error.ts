/** What went wrong, as a value: what the functions of the API resolve to when they cannot do what they were asked. */

/**
 * - `USAGE`: options, the configuration or an event are not as they should be;
 * - `BUILD`: a function cannot be built;
 * - `FUNCTION`: a function was invoked, and failed: `document` is its error document;
 * - `ABORTED`: the signal told to end;
 * - `UNEXPECTED`: anything else, a fault of lambdabin's own or of the machine's.
 */
export type LambdabinErrorCode = 'USAGE' | 'BUILD' | 'FUNCTION' | 'ABORTED' | 'UNEXPECTED'

/** As the function posted it, or as Lambda writes it. */
export interface FunctionErrorDocument {
  readonly errorType?: string
  readonly errorMessage?: string
  /** The lines of the stack. */
  readonly trace?: readonly string[]
}

/** The message says what was expected, what arrived and what to do; the cause is what was thrown. */
export class LambdabinError extends Error {
  override readonly name = 'LambdabinError'
  readonly code: LambdabinErrorCode
  /** Of the code `FUNCTION` only. */
  readonly document: FunctionErrorDocument | undefined

  constructor(
    code: LambdabinErrorCode,
    message: string,
    { document, ...options }: ErrorOptions & { document?: FunctionErrorDocument } = {},
  ) {
    super(message, options)
    this.code = code
    this.document = document
  }
}
