/** The only way to have `import()` in a text that an executable carries: Node.js warns of it, and no author can do anything. */
const OWN_DOING = /^vm\.USE_MAIN_CONTEXT_DEFAULT_LOADER /

let isInstalled = false

/** Keeps Node.js from warning of what lambdabin itself does. */
export function silenceOwnWarnings(): void {
  if (isInstalled) {
    return
  }
  isInstalled = true
  const { emitWarning } = process
  process.emitWarning = (warning: string | Error, ...parameters: unknown[]): void => {
    if (typeof warning === 'string' && OWN_DOING.test(warning)) {
      return
    }
    Reflect.apply(emitWarning, process, [warning, ...parameters])
  }
}
