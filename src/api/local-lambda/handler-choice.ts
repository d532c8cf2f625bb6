/** Which handler runs a function that is served: the one that a template names, if its code has that, else what its name means. */

import { handlerSettings } from '../../compiler/handler-settings.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import { onlyHandler } from '../default-handler.ts'
import type { RunSettings } from '../run-settings.ts'

/** A function that is there until the local Lambda ends. */
export interface ServedFunction {
  readonly local: LocalFunction
  readonly choice: HandlerChoice
  /** How it is run, as options and the configuration say. */
  readonly run: RunSettings
  /** The same code as a function of another name; undefined where one function alone can have the code. */
  readonly copy: ((functionName: string, handler: string) => LocalFunction) | undefined
}

export class HandlerChoice {
  readonly #executable: string
  #handlers: readonly string[] | undefined
  #named: string | undefined
  #local: LocalFunction | undefined

  /** `handlers` are those that the code has; undefined where that is not known. */
  constructor(executable: string, handlers: readonly string[] | undefined) {
    this.#executable = executable
    this.#handlers = handlers
  }

  get setting(): string {
    const named = this.#handlers?.find((each) => each === this.#named)
    return named ?? onlyHandler(this.#executable, this.#handlers)
  }

  /** Has the function follow the choice. */
  follow(local: LocalFunction): void {
    this.#local = local
    this.#apply()
  }

  /** The code is another. */
  update(handlers: readonly string[] | undefined): void {
    this.#handlers = handlers
    this.#apply()
  }

  name(setting: string): void {
    this.#named = setting
    this.#apply()
  }

  /** The setting for the export that a template's handler names: `orders.create` for `src/index.create`; undefined where the code has none. */
  settingFor(handler: string): string | undefined {
    const [setting = ''] = handlerSettings(this.#executable, [handler.slice(handler.lastIndexOf('.') + 1)])
    return handler.includes('.') && this.#handlers?.includes(setting) ? setting : undefined
  }

  #apply(): void {
    const { setting } = this
    if (this.#local !== undefined && this.#local.configuration.handler !== setting) {
      this.#local.configuration = { ...this.#local.configuration, handler: setting }
    }
  }
}
