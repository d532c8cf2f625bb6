/** Which handler runs a function that is served: the one that a template names, if its code has that, else what its name means. */

import { handlerSettings } from '../../compiler/handler-settings.ts'
import type { LocalFunction } from '../../emulator/functions/local-function.ts'
import type { TemplateFunction } from '../../emulator/routes/http-api-definition.ts'
import { onlyHandler } from '../default-handler.ts'

/** A function that is there until the local Lambda ends. */
export interface ServedFunction {
  readonly local: LocalFunction
  readonly choice: HandlerChoice
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

/**
 * Has functions run the handlers that a template names for them. Where it names several of one package, each is a function of its own,
 * as in the template; those are what this returns.
 */
export function followTemplate(
  served: readonly ServedFunction[],
  described: readonly TemplateFunction[],
): LocalFunction[] {
  const byName = new Map(served.map((each) => [each.local.name, each]))
  const claims = described.flatMap(({ names, handler }) => {
    const found = names.flatMap((name) => byName.get(name) ?? [])[0]
    const setting = found?.choice.settingFor(handler)
    return found === undefined || setting === undefined ? [] : [{ found, setting, name: names[0] ?? '' }]
  })
  const added: LocalFunction[] = []
  for (const each of served) {
    const [first, ...others] = claims.filter(({ found }) => found === each)
    if (first === undefined) {
      continue
    }
    if (others.every(({ setting }) => setting === first.setting)) {
      each.choice.name(first.setting)
      continue
    }
    for (const { name, setting } of [first, ...others].filter(({ name }) => !byName.has(name))) {
      added.push(...(each.copy === undefined ? [] : [each.copy(name, setting)]))
    }
  }
  return added
}
