import { isInstance } from './error-response.ts'
import { ImportModuleError, UserCodeSyntaxError } from './errors.ts'

/** What the init phase reports for what the module threw: AWS's types for the two mistakes they have types for. */
export function asInitError(error: unknown): unknown {
  if (!isInstance(error, Error)) {
    return error
  }
  const { code } = error as NodeJS.ErrnoException
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return new ImportModuleError(
      `The function needs a module that is neither in its executable nor beside it: ${error.message.split('\n')[0]}; ` +
        'install it, and import it so that the build can bundle it, or ship it with --external.',
      { cause: error },
    )
  }
  if (isInstance(error, SyntaxError)) {
    return new UserCodeSyntaxError(`Code that the function loads does not parse: ${error.message}`, {
      cause: error,
    })
  }
  return error
}
