/** What an account has in one region: its functions, by name, and what they are called outside. */

import { accountId, functionArn } from '../runtime-api/invocation.ts'
import { LATEST } from './functions/function-version.ts'
import type { LocalFunction } from './functions/local-function.ts'
import { ResourceNotFoundException } from './lambda-error.ts'

export class Account {
  readonly region: string
  readonly accountId = accountId
  readonly #functions = new Map<string, LocalFunction>()
  readonly #onProblem: (error: unknown) => void

  /** `onProblem` hears of what nobody else is there to be told. */
  constructor(region: string, onProblem: (error: unknown) => void) {
    this.region = region
    this.#onProblem = onProblem
  }

  /** By name. */
  get functions(): LocalFunction[] {
    return [...this.#functions.values()].sort((left, right) => (left.name < right.name ? -1 : 1))
  }

  /** Of the concurrency limit, what all functions together have reserved. */
  get reservedConcurrency(): number {
    let reserved = 0
    for (const { configuration } of this.#functions.values()) {
      reserved += configuration.reservedConcurrency ?? 0
    }
    return reserved
  }

  /** Of a version or an alias, if one is named. */
  arn(functionName: string, qualifier?: string): string {
    const arn = functionArn(this.region, functionName)
    return qualifier === undefined ? arn : `${arn}:${qualifier}`
  }

  /** Throws a ResourceNotFoundException. */
  find(name: string, qualifier = LATEST): LocalFunction {
    const found = this.#functions.get(name)
    if (found === undefined || !found.has(qualifier)) {
      const arn = this.arn(name, qualifier === LATEST ? undefined : qualifier)
      throw new ResourceNotFoundException(`Function not found: ${arn}`)
    }
    return found
  }

  has(name: string): boolean {
    return this.#functions.has(name)
  }

  /** Adds a function that is there already: one from the store, or one that ends with the emulator. */
  add(added: LocalFunction): void {
    this.#functions.set(added.name, added)
  }

  remove(name: string): void {
    this.#functions.delete(name)
  }

  /** Cleaning up after an answer: nobody is there to be told of a failure but the terminal. */
  async quietly(work: Promise<unknown> | undefined): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#onProblem(error)
    }
  }
}
