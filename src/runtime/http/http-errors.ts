/** What goes wrong between an HTTP event and a fetch handler, one class per cause. */

/** The event is none of those that carry an HTTP request. */
export class UnknownHttpEvent extends Error {
  override name = 'Runtime.UnknownHttpEvent'
}

/** The event carries an HTTP request that the standard `Request` cannot express. */
export class MalformedHttpEvent extends Error {
  override name = 'Runtime.MalformedHttpEvent'
}

/** A fetch handler returned something else than a response. */
export class NoResponse extends Error {
  override name = 'Function.NoResponse'
}

/** An init failure: `LAMBDABIN_INVOKE_MODE` is none of Lambda's invoke modes. */
export class MalformedInvokeMode extends Error {
  override name = 'Runtime.MalformedInvokeMode'
}
