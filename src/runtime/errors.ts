/**
 * What goes wrong in the runtime itself, one class per cause. `name` is the `errorType` that AWS documents for the
 * cause, or that another of AWS's runtimes uses for it, so that alarms and retry rules written for those fit.
 */

/** An init failure: `_HANDLER` names an export that the function does not have. */
export class HandlerNotFound extends Error {
  override name = 'Runtime.HandlerNotFound'
}

/** An init failure: `_HANDLER` does not have the form `<executable>` or `<executable>.<export>`. */
export class MalformedHandlerName extends Error {
  override name = 'Runtime.MalformedHandlerName'
}

/** An init failure: a module that the function needs is neither in the executable nor beside it. */
export class ImportModuleError extends Error {
  override name = 'Runtime.ImportModuleError'
}

/** An init failure: code beside the executable does not parse. */
export class UserCodeSyntaxError extends Error {
  override name = 'Runtime.UserCodeSyntaxError'
}

/** An init failure: the execution environment lacks a variable that the Runtime API's contract promises. */
export class MissingEnvironment extends Error {
  override name = 'Runtime.MissingEnvironment'
}

/** An init failure: the handler is marked for a way of streaming that there is not. */
export class MalformedStreamingHandler extends Error {
  override name = 'Runtime.MalformedStreamingHandler'
}

/** A hook that the function registered to run before its snapshot is taken failed. */
export class BeforeSnapshotError extends Error {
  override name = 'Runtime.BeforeCheckpointError'
}

/** A hook that the function registered to run after its snapshot was restored failed. */
export class AfterRestoreError extends Error {
  override name = 'Runtime.AfterRestoreError'
}

/** The event, or a header that holds JSON, is not JSON. */
export class UnmarshalError extends Error {
  override name = 'Runtime.UnmarshalError'
}

/** The handler's result is nothing that JSON can express. */
export class MarshalError extends Error {
  override name = 'Runtime.MarshalError'
}

/** The handler's result is larger than Lambda takes. */
export class ResponseSizeTooLarge extends Error {
  override name = 'Function.ResponseSizeTooLarge'
}

/** Nothing was left to do in the process, and the handler had not finished. */
export class NodeJsExit extends Error {
  override name = 'Runtime.NodeJsExit'
}

/** The function ended the process while a handler was at work. */
export class ExitError extends Error {
  override name = 'Runtime.ExitError'
}

/** A promise was rejected and nobody handled it. */
export class UnhandledPromiseRejection extends Error {
  override name = 'Runtime.UnhandledPromiseRejection'
}

/** The Runtime API cannot be talked to, or answered 500: the process must end. */
export class RuntimeApiFailure extends Error {
  override name = 'Runtime.ApiFailure'
}
