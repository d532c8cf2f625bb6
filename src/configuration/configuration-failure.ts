/**
 * What a configuration throws: as it is evaluated, as its values are read, and where nothing catches it, in a timer or a promise that it does
 * not wait for. Only who owns the process may ask for the last, so the command does, in `cli.ts`; a program that uses the
 * JavaScript API has it as Node.js does.
 */
import { inspect } from 'node:util'
import { UsageError } from './usage-error.ts'

/** A configuration, or what it exports, is a promise that nothing will settle. */
export class NeverSettled extends UsageError {
  constructor() {
    super(
      'it waits for a promise that nothing is left to settle; look for one that is neither resolved nor rejected',
    )
  }
}

/** A configuration, a plugin or a package of theirs has called `process.exit`, which would end the command in silence. */
class EndedProcess extends UsageError {
  constructor() {
    super('it ends the process, with process.exit; throw an Error in the place of that, or leave it out')
  }
}

const NOT_EVALUATED = 'the configuration cannot be evaluated'

/** As a mistake in the configuration. Not all that is thrown is an Error, or can become a text by itself. */
export function configurationFailure(error: unknown, place?: string, what = NOT_EVALUATED): UsageError {
  const message = error instanceof Error ? error.message : typeof error === 'string' ? error : inspect(error)
  const where = place === undefined ? '' : `${place}: `
  return new UsageError(`${where}${what}: ${reason(message)}`, { cause: error })
}

/** In a line, and of what Node.js makes of a promise that was rejected with no Error, what is the project's. */
function reason(message: string): string | undefined {
  const [, rejectedWith] =
    /^This error originated either by .* with the reason "(.*)"\.$/s.exec(message) ?? []
  return (rejectedWith ?? message).split('\n')[0]
}

interface Evaluation {
  /** How stacks name the configuration's file. */
  readonly url: string
  readonly placeOf: (error: unknown) => string
  isUnderWay: boolean
}

const evaluations: Evaluation[] = []

/** Has {@link explainStrayError} know a configuration. Returns what is to be called when all is read of it. */
export function beginEvaluation(url: string, placeOf: Evaluation['placeOf']): () => void {
  const evaluation = { url, placeOf, isUnderWay: true }
  evaluations.push(evaluation)
  return () => {
    // Not at once: Node.js tells of promises that were rejected when all that is to be done now is done.
    setImmediate(() => {
      evaluation.isUnderWay = false
    })
  }
}

/** What nothing has caught, as a mistake in the configuration that its stack leads through, or that is being evaluated; undefined for anything else. */
export function explainStrayError(error: unknown): UsageError | undefined {
  const origin = originOf(error)
  return (
    origin &&
    configurationFailure(error, origin.placeOf(error), 'the configuration throws what nothing catches')
  )
}

/** To be called while `process.exit` runs, which lambdabin has not called: its stack leads through who has. */
export function explainExit(): UsageError {
  const ended = new EndedProcess()
  const origin = originOf(ended)
  return origin === undefined
    ? new UsageError(
        'expected the command to come to its end, but a plugin, or what else the configuration brings, has ended the process, with process.exit; throw an Error in the place of that, or leave it out',
        { cause: ended },
      )
    : configurationFailure(ended, origin.placeOf(ended))
}

function originOf(error: unknown): Evaluation | undefined {
  const stack = error instanceof Error ? String(error.stack) : ''
  return (
    evaluations.find(({ url }) => stack.includes(`${url}:`)) ??
    evaluations.find(({ isUnderWay }) => isUnderWay)
  )
}
