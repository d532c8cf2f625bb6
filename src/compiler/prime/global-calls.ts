/** What is primed as `node:crypto` is, of the global `crypto`. */
export const CRYPTO_CALL =
  /(?<![.\w$#])(?:globalThis\s*\.\s*)?crypto\s*\.\s*(?:getRandomValues|randomUUID|subtle)\b/

/** A call of the global `fetch`; no method of that name, and no definition of one. */
export const FETCH_CALL =
  /(?<![.\w$#])(?<!\b(?:async|function|get|set) |\*\s?)fetch\((?![^()]*\)\s*\{)|\bglobalThis\.fetch\b/
