import { MalformedHandlerName } from './errors.ts'

/**
 * The export that a handler setting names: `orders` names none, which means the default one; `orders.create` names
 * `create`. Throws `MalformedHandlerName` for a setting that ends in a dot or starts with one.
 */
export function exportName(handler: string): string | undefined {
  const dot = handler.lastIndexOf('.')
  if (dot === -1) {
    return undefined
  }
  if (dot > 0 && dot < handler.length - 1) {
    return handler.slice(dot + 1)
  }
  throw new MalformedHandlerName(
    `The handler setting should be <executable> or <executable>.<export>, and is ${JSON.stringify(handler)}; ` +
      'change it in the function’s configuration.',
  )
}
