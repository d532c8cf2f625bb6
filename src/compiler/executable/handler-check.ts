/**
 * Which of a function's exports is its handler, found out by running it: a setting that cannot work is an error of the
 * build.
 *
 * The default setting, the function's name, means `handler`, the default export, or an object with `fetch`. A function may
 * have several handlers instead, each named by the setting (`orders.create`), and modules of CommonJS say what they export
 * only when they run. So the settings are tried, one after the other, until one finds a handler.
 */
import { parse } from 'node:path'
import { BuildError } from '../build-error.ts'
import { shownPath } from '../shown-path.ts'
import type { ProgramSource } from './executable-program.ts'
import { HANDLER_NOT_FOUND, type InitFailure } from './init-failure.ts'

/** None of the function's exports can be its handler. */
export class NoHandlerError extends BuildError {
  override readonly name = 'NoHandlerError'
}

/** More handlers than anybody puts into one package; a run takes a tenth of a second. */
const MAX_TRIES = 12

export interface HandlerRun {
  readonly initFailure?: InitFailure | undefined
  /** The settings that find a handler, where only the run can tell, and the function's name finds none. */
  readonly handlers?: readonly string[] | undefined
  /** Where objects alone are exported, which may have a handler inside: that, with what to do. */
  readonly noHandler?: string | undefined
}

/** Runs the function with a handler setting, and tells how it failed to initialise, if it did. */
export type TryHandler<Result> = (
  handler: string,
) => Promise<Result & { initFailure?: InitFailure | undefined }>

/**
 * Resolves with what came of the first setting that finds a handler, or of the first of all where it is for another reason
 * that the function does not initialise. Rejects with a {@link NoHandlerError}.
 */
export async function withHandler<Result>(
  { entry, name, bundle: { exports } }: ProgramSource,
  run: TryHandler<Result>,
): Promise<Result & HandlerRun> {
  const first = await run(name)
  const problem = missingHandler(first.initFailure)
  if (problem === undefined) {
    return first
  }
  const others = exports ?? namedIn(problem, name)
  let isNested = /but as an object/.test(problem)
  for (const other of others.filter((each) => each !== 'default').slice(0, MAX_TRIES)) {
    const result = await run(`${name}.${other}`)
    const why = missingHandler(result.initFailure)
    if (why === undefined) {
      return exports === undefined ? { ...result, handlers: others.map((each) => `${name}.${each}`) } : result
    }
    isNested ||= /but as an object/.test(why)
  }
  // What an object has inside, a setting such as `orders.api.create` may name.
  if (isNested && exports?.includes('handler') !== true) {
    const inside = namedIn(problem, name)
    return {
      ...first,
      initFailure: undefined,
      handlers: inside.length === 0 ? undefined : inside,
      noHandler: explainNoHandler(entry, name, inside, exports),
    }
  }
  const found =
    exports === undefined
      ? ''
      : `; it exports ${new Intl.ListFormat('en').format(exports)}, and none of that is a function`
  throw new NoHandlerError(
    `${shownPath(entry)} has no handler${found}; export a function: export async function handler(event) { … }`,
  )
}

function explainNoHandler(
  entry: string,
  name: string,
  inside: readonly string[],
  exports: readonly string[] = [],
): string {
  const settings =
    inside.length === 0 ? `${name}.${exports[0] ?? 'name'}.NAME` : inside.slice(0, 3).join(', ')
  const exported = exports.length === 0 ? '' : ` (${exports.slice(0, 3).join(', ')})`
  return (
    `${shownPath(entry)} exports no function, but objects${exported}: if one has the handler inside, the handler setting names it (${settings}); ` +
    `if the file is no function of Lambda's, keep it out of the pattern, as with !(${parse(entry).name})${parse(entry).ext}, or name the functions one by one`
  )
}

function missingHandler(failure: InitFailure | undefined): string | undefined {
  return failure?.kind === 'error' && failure.errorType === HANDLER_NOT_FOUND
    ? failure.errorMessage
    : undefined
}

/** What the runtime offers in place of the setting: `set it to one of orders.create, orders.cancel.` */
function namedIn(message: string, name: string): string[] {
  const [, list = ''] = /set it to one of (.*)\.$/.exec(message) ?? []
  return list
    .split(', ')
    .filter((setting) => setting.startsWith(`${name}.`))
    .map((setting) => setting.slice(name.length + 1))
}
