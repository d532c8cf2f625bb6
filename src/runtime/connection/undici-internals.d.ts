// What lambdabin's part of undici shares with the rest of it; see undici-connection.ts.
declare module 'undici/lib/core/symbols.js' {
  const symbols: Readonly<
    Record<'kHTTPContext' | 'kPendingIdx' | 'kQueue' | 'kResume' | 'kRunningIdx', symbol>
  >
  export default symbols
}

declare module 'undici/lib/core/errors.js' {
  type ErrorClass = new (message: string) => Error
  const errors: {
    readonly InformationalError: ErrorClass
    readonly SocketError: ErrorClass
  }
  export default errors
}
