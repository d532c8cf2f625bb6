/** What became of initialising a function at build time, in sentences, with the places in its sources. */
import { SourceMap } from 'node:module'
import type { InitProblem } from '../../../build-time/contract.ts'
import { FUNCTION, scriptAsset } from '../../../executable/format.ts'
import { shownPath } from '../../shown-path.ts'
import { originOf } from '../../text/source-origin.ts'

export interface InitialisedFunction {
  /** Where the function comes from, for messages. */
  readonly entry: string
  readonly sourceMap: Buffer
}

export const REMEDY =
  'do that in the handler, or in a hook of onAfterRestore, or build it without --init build'

/** At most one sentence. */
export function explainLacking(lacking: readonly InitProblem[], options: InitialisedFunction): string[] {
  const [first] = lacking.length === 0 ? [] : explainEach(lacking, options)
  return first === undefined
    ? []
    : [
        `the function ${first} as it initialises, which is not there in a build, and goes on without it on Lambda, too; where that matters, do it in the handler`,
      ]
}

/** `uses WebAssembly.Module (src/orders.ts:3:9)` */
function explainEach(problems: readonly InitProblem[], { sourceMap }: InitialisedFunction): string[] {
  const map = new SourceMap(JSON.parse(sourceMap.toString()))
  return problems.map(({ what, stack }) => {
    const place = sourceOf(stack, map)
    return `${what}${place === undefined ? '' : ` (${place})`}`
  })
}

export function explainProblems(problems: readonly InitProblem[], options: InitialisedFunction): string {
  const lines = explainEach(problems, options).map((line) => `  it ${line}`)
  return `${shownPath(options.entry)} cannot be initialised at build time, because of what it does as its modules load:\n\n${lines.join('\n')}\n\n${capitalised(REMEDY)}.`
}

const FUNCTION_FRAME = new RegExp(String.raw`\b${scriptAsset(FUNCTION)}:(\d+):(\d+)`)

/** The innermost place in the function's sources that a stack leads through: `src/orders.ts:3:9`. */
function sourceOf(stack: string, map: SourceMap): string | undefined {
  const [, line, column] = FUNCTION_FRAME.exec(stack) ?? []
  if (line === undefined || column === undefined) {
    return undefined
  }
  const origin = originOf(map, Number(line), Number(column))
  return origin && `${origin.path}:${origin.line}:${origin.column}`
}

function capitalised(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`
}
