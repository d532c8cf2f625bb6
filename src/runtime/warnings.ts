/** The only way to have `import()` in a text that an executable carries: Node.js warns of it, and no author can do anything. */
const OWN_DOING = /^vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER /

let isInstalled = false
let isSilent = false

/** Keeps Node.js from warning of what lambdabin itself does. */
export function silenceOwnWarnings(): void {
  if (isInstalled) {
    return
  }
  isInstalled = true
  const { emitWarning } = process
  const emitOthers = (warning: string | Error, ...parameters: unknown[]): void => {
    if (!isSilent && !(typeof warning === 'string' && OWN_DOING.test(warning))) {
      Reflect.apply(emitWarning, process, [warning, ...parameters])
    }
  }
  // Something that was loaded before may have frozen it. Then the warnings come.
  Reflect.set(process, 'emitWarning', emitOthers)
}

/** Calls something of Node.js's that warns of being called: that would be read as the function's doing. */
export function withoutWarnings<Result>(call: () => Result): Result {
  isSilent = true
  try {
    return call()
  } finally {
    isSilent = false
  }
}
