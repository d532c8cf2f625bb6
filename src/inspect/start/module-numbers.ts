/** Numbers for the modules of all chunks, by which marks name them. */
import type { ModuleSpan as TextSpan } from '../package/script-modules.ts'
import { isLinkModule } from '../package/script-parts.ts'

export interface ModuleSpan {
  readonly number: number
  readonly start: number
  readonly end: number
}

export class ModuleNumbers {
  /** By their numbers. */
  readonly paths: string[] = []
  readonly #numbers = new Map<string, number>()

  /** Of a script's spans, those that are a module's. */
  spans(spans: readonly TextSpan[]): ModuleSpan[] {
    return spans.flatMap(({ module, start, end }) =>
      module === undefined || isLinkModule(module) ? [] : [{ number: this.#numberOf(module), start, end }],
    )
  }

  #numberOf(module: string): number {
    const known = this.#numbers.get(module)
    if (known !== undefined) {
      return known
    }
    this.#numbers.set(module, this.paths.length)
    this.paths.push(module)
    return this.paths.length - 1
  }
}
