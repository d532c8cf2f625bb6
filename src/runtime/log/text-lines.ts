/** What is written to stdout and stderr, as lines: each is one record, of the invocation that it was written in. */

import { type InvocationScope, invocationScope } from '../invocation-scope.ts'

type WriteLine = (descriptor: number, line: string) => void

/** The beginning of a line, that waits for its end. */
interface Begun {
  text: string
  readonly scope: InvocationScope | undefined
}

export class TextLines {
  readonly #writeLine: WriteLine
  /** By descriptor, of each invocation. */
  readonly #begun = new Map<number, Map<InvocationScope | undefined, Begun>>()

  constructor(writeLine: WriteLine) {
    this.#writeLine = writeLine
  }

  /** A line that is not ended in this turn of the event loop is one all the same. */
  write(descriptor: number, text: string): void {
    const scope = invocationScope.getStore()
    const begun = this.#begunOf(descriptor)
    const lines = ((begun.get(scope)?.text ?? '') + text).split('\n')
    const rest = lines.pop() ?? ''
    for (const line of lines) {
      this.#writeLine(descriptor, line)
    }
    if (rest === '') {
      begun.delete(scope)
    } else if (begun.has(scope)) {
      begun.set(scope, { text: rest, scope })
    } else {
      begun.set(scope, { text: rest, scope })
      setImmediate(() => this.#end(descriptor, scope))
    }
  }

  #end(descriptor: number, scope: InvocationScope | undefined): void {
    const begun = this.#begunOf(descriptor)
    const rest = begun.get(scope)
    begun.delete(scope)
    if (rest) {
      this.#writeLine(descriptor, rest.text)
    }
  }

  #begunOf(descriptor: number): Map<InvocationScope | undefined, Begun> {
    const known = this.#begun.get(descriptor) ?? new Map<InvocationScope | undefined, Begun>()
    this.#begun.set(descriptor, known)
    return known
  }
}
