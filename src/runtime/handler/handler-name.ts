import { MalformedHandlerName } from '../errors.ts'

/**
 * The export that a handler setting names, as the names that lead to it: `orders` names none, which means the default one;
 * `orders.create` names `create`, and `orders.api.create` what `api` has by that name. `executable` is the executable's name,
 * which may hold dots; where it is not known, or the setting does not begin with it, the last name alone is the export's.
 * Throws `MalformedHandlerName` for a setting with nothing before, between or behind its dots.
 */
export function exportPath(handler: string, executable: string | undefined): string[] {
  const base = handler.slice(handler.lastIndexOf('/') + 1)
  if (base === executable) {
    return []
  }
  const names = base.split('.')
  if (names.some((name) => name === '')) {
    throw new MalformedHandlerName(
      `The handler setting should be <executable> or <executable>.<export>, and is ${JSON.stringify(handler)}; ` +
        'change it in the function’s configuration.',
    )
  }
  if (executable !== undefined && base.startsWith(`${executable}.`)) {
    return base.slice(executable.length + 1).split('.')
  }
  return names.length > 1 ? names.slice(-1) : []
}
