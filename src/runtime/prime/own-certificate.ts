/**
 * What a server in this process proves itself with where a certificate is needed. Nobody trusts it and nothing is kept safe by it, so that its key may be read by
 * everybody; it is written here, so that neither a start nor a build has to make one, and all builds are alike.
 */

/** A key on the curve P-256, PKCS #8 in base64. */
export const OWN_KEY = [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtMyxJOPmVwrgZ5CGiNfL4PbWRgq+Lw80P/VzYpABZZ6hRANC',
  'AAS0Oaahk3LttZdt7r+s+wCHXUEjMdHNf1fmfw7ZgzIM4rgg/qIrJ7+lGfR2rXoAhvUisin+r5jf6Dy3zVHR6kwR',
].join('')

/** A certificate for localhost, X.509 in base64. */
export const OWN_CERTIFICATE = [
  'MIIBOzCB4qADAgECAhB7YJOtdCteEh/R4nnozXewMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB3ByaW1pbmcwHhcNMjYxMTI1',
  'MTgwOTQ0WhcNMzYxMTIzMTgwOTQ0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAS0',
  'Oaahk3LttZdt7r+s+wCHXUEjMdHNf1fmfw7ZgzIM4rgg/qIrJ7+lGfR2rXoAhvUisin+r5jf6Dy3zVHR6kwRoxgwFjAUBgNV',
  'HREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwIDSAAwRQIhAPo9t6uW2gDyeUWYfULkFeO4t5TaJKMdAJVdKId63sG6AiAJ',
  'b6WO5kw2ZDdFq7CHbXaBepgx2WS4S8rRhdyLD7xOaA==',
].join('')
