/** A call of the global `fetch`; no method of that name, and no definition of one. */
export const FETCH_CALL =
  /(?<![.\w$#])(?<!\b(?:async|function|get|set) |\*\s?)fetch\((?![^()]*\)\s*\{)|\bglobalThis\.fetch\b/
