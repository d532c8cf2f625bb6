import { withoutWarnings } from './warnings.ts'

/**
 * What a part of Node.js is made of itself, by name, such as `tcp_wrap`; undefined where there is none. It is reached through
 * `process.binding`, which is deprecated, may be gone from a later Node.js, and is refused by Node.js's permission model.
 */
export function nodeBinding<Binding extends object>(name: string): Binding | undefined {
  try {
    // `--pending-deprecation` has it warn.
    return withoutWarnings(() => (Reflect.get(process, 'binding') as (name: string) => Binding)(name))
  } catch {
    return undefined
  }
}
