/** Which bytes of the function's text are which package's and module's. */

import { packageFolder, packageName } from '../../compiler/dependencies/package-of-file.ts'
import type { Claim, PartPath } from './file-parts.ts'
import { FUNCTION, HELPERS, LINKS, OF_FUNCTION, OWN_CODE } from './part-names.ts'
import { moduleSpans, type RecordedBytes } from './script-modules.ts'

export interface ScriptText {
  readonly script: Buffer
  readonly sourceMap: Buffer | undefined
  readonly recorded: RecordedBytes
  readonly chunk: number
  /** Where the script begins in the file that it is in. */
  readonly start: number
}

const TEXT: PartPath = [FUNCTION, OF_FUNCTION.text]

export function scriptClaims({ script, sourceMap, recorded, chunk, start }: ScriptText): Claim[] {
  const whole = { path: [...TEXT, HELPERS], start, end: start + script.length }
  if (sourceMap === undefined) {
    return [whole]
  }
  return [
    whole,
    ...moduleSpans(script, sourceMap, recorded).flatMap(({ module, ...span }) =>
      module === undefined
        ? []
        : [
            {
              path: [...TEXT, ...modulePath(module)],
              start: start + span.start,
              end: start + span.end,
              ...(!LINK_MODULE.test(module) && { module: { path: module, chunk } }),
            },
          ],
    ),
  ]
}

/** What a chunk shows to others, and has from them: modules of lambdabin's own. */
const LINK_MODULE = /^lambdabin-module:/

export function isLinkModule(module: string): boolean {
  return LINK_MODULE.test(module)
}

/** `['zod', 'v4/core/util.js']` for `node_modules/zod/v4/core/util.js`. */
export function modulePath(module: string): readonly string[] {
  if (LINK_MODULE.test(module)) {
    return [LINKS]
  }
  const { folder, name } = packageOf(module)
  return name === undefined ? [OWN_CODE, module] : [name, module.slice(folder.length + 1)]
}

/** The folder of the package that a module is of, and its name; none for the function's own code. */
export function packageOf(module: string): { readonly folder: string; readonly name: string | undefined } {
  return { folder: packageFolder(module) ?? '', name: packageName(module) }
}
