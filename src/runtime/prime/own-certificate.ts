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

/**
 * One with a key of RSA, as AWS's servers have, and two names, in base64: to be read, and of no server. Its key is written nowhere.
 */
export const CERTIFICATE_TO_READ = [
  'MIIDIDCCAgigAwIBAgIUGwJMuVoPU1c1ZnrXa98wHOECD18wDQYJKoZIhvcNAQELBQAwFDESMBAGA1UEAwwJbG9jYWxob3N0MB4X',
  'DTI2MTEyNzEzMTE0NVoXDTM2MTEyNDEzMTE0NVowFDESMBAGA1UEAwwJbG9jYWxob3N0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A',
  'MIIBCgKCAQEAjMIvoPwEka1tre36uRDf8BrEQVgaPM7fnq1JDKrmP0+7jlx+cxCu+j74bKoAjNZCsY7/H7UYJzu5piQstu60mj5W',
  'nWxPRhxDv0x/1nwRyH57gGlhXAVldr08aZUzNm6j+pEq640x+U+0HMtZvXJkPmWfTdWLcYCWeZpiS32TW4MhVUhRsP2HdfCS5aWJ',
  '6IuPF4BgO048z1XErCTz7GBVUBXX1fVUzD+TmJgbE3nM+zvfYSoZcyl3iBbTEY2wzmE50Q7OC8ddG+ZxnlWoSISXgbu4Z8c6f+oL',
  'GbmsX+61jFbhgWzJyC5tAMiUPQZmWEsAtnPQk2gHZffmA+5XmXaM/wIDAQABo2owaDAlBgNVHREEHjAcgglsb2NhbGhvc3SCDyou',
  'YXBpLmxvY2FsaG9zdDALBgNVHQ8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwEwHQYDVR0OBBYEFKO1ECCVP3q6TbxUYmE0ZG4+',
  'DaMPMA0GCSqGSIb3DQEBCwUAA4IBAQB0mt9g6GQCnkaUMenjSgKcTDO1cBveSlYeUS6DVnum/PwLs17I3KCXzO2/XlXPF2U6dkBL',
  'pAuIPe81C7GhJjWEDx0onfg+BrQRCGKtzA033CzwF9S+u1ntMvgCnb2gs/vGqV1sY3kOtR76C5PiMMyJpvhZ3/fQY+0+V5IAiwo+',
  'pbn6Rn0Kw7I6TUC70iupzHqM9QFeHdSgIOzH5zJO6op28hrv24aiv0Rxam8JgzpmRVaj0/jU3a5HicNLUCWIGaVUqUPb0KvffZ4D',
  'KmN+Faxyt6/tsbLlczjrpQ9LhWNeBp8AAHPFZU5PpwJJrYNmOyAGEF5N8ATWG8QgGoK6MUGW',
].join('')
