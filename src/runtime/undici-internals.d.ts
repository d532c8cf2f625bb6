// What lambdabin's parser for undici shares with undici's HTTP/1.1 client; see undici-parser.ts.
declare module 'undici/lib/core/symbols.js' {
  const symbols: Readonly<
    Record<
      | 'kQueue'
      | 'kRunning'
      | 'kRunningIdx'
      | 'kWriting'
      | 'kReset'
      | 'kBlocking'
      | 'kResume'
      | 'kMaxHeadersSize',
      symbol
    >
  >
  export default symbols
}

declare module 'undici/lib/core/errors.js' {
  const errors: { readonly InformationalError: new (message: string) => Error }
  export default errors
}
