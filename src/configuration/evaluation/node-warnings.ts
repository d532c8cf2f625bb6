/** Node.js's warnings of how files are written that a configuration imports: they are no concern of who builds a function. */
import process from 'node:process'

type EmitWarning = typeof process.emitWarning

let users = 0
let original: EmitWarning | undefined

/** Leaves them out from now on. Returns what is to be called when the configuration is evaluated. */
export function withoutFileWarnings(): () => void {
  users += 1
  if (original === undefined) {
    const emit: EmitWarning = process.emitWarning
    original = emit
    process.emitWarning = ((...given: Parameters<EmitWarning>) => {
      if (!isOfFiles(given)) {
        emit.apply(process, given)
      }
    }) as EmitWarning
  }
  return () => {
    users -= 1
    if (users === 0 && original !== undefined) {
      process.emitWarning = original
      original = undefined
    }
  }
}

/** That a file is an ES module although no `package.json` says so, and that types are stripped of it. */
function isOfFiles([warning, ...rest]: readonly unknown[]): boolean {
  const [options] = rest
  const code =
    typeof options === 'object' && options !== null ? (options as { code?: unknown }).code : rest[1]
  return code === 'MODULE_TYPELESS_PACKAGE_JSON' || /^Type Stripping is/.test(String(warning))
}
