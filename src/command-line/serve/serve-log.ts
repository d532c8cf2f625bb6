/**
 * The terminal of `lambdabin serve`: each line of a function's log behind the function's name.
 *
 * Lines of several environments come in between each other, but never into each other.
 */

import { StringDecoder } from 'node:string_decoder'
import { styleText } from 'node:util'
import type { LambdaLog } from '../../api/local-lambda/local-lambda-settings.ts'

type Style = Parameters<typeof styleText>[0]

const NAME_STYLES: readonly Style[] = ['cyan', 'magenta', 'blue', 'green', 'yellow']
const PLATFORM_LINE =
  /^(START RequestId|END RequestId|REPORT RequestId|INIT_REPORT) |^\{"time":"[^"]+","type":"platform\./
const FAILURE =
  /\tStatus: (timeout|error)|\tERROR\t|\tFATAL\t|Task timed out after|^lambdabin: |"type":"platform\.\w+","record":.*"status":"(timeout|error)"/

export function createServeLog(write: (text: string) => void, isColoured: boolean): LambdaLog {
  const paint = (style: Style, text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text
  return {
    notice: (message) => write(`${paint('bold', 'lambdabin')} ${message}\n`),
    open: (functionName) => {
      const prefix = paint(nameStyle(functionName), functionName)
      return splitLines((lines) =>
        write(lines.map((line) => `${prefix} ${paint(lineStyle(line), line)}\n`).join('')),
      )
    },
  }
}

/** Colours are for terminals whose user has not asked for none: https://no-color.org */
export function isColoured(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb'
}

function nameStyle(functionName: string): Style {
  let sum = 0
  for (const character of functionName) {
    sum += character.charCodeAt(0)
  }
  return NAME_STYLES[sum % NAME_STYLES.length] ?? 'cyan'
}

function lineStyle(line: string): Style {
  if (FAILURE.test(line)) {
    return 'red'
  }
  return PLATFORM_LINE.test(line) ? 'dim' : 'reset'
}

/** Text comes from the platform, in whole lines; bytes come from the process, as it happens. */
function splitLines(write: (lines: string[]) => void): (chunk: Uint8Array | string) => void {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return (chunk) => {
    const text = typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk))
    // What a process left without a line break ends where the platform has something to say.
    const all = begun !== '' && typeof chunk === 'string' ? `${begun}\n${text}` : begun + text
    const lines = all.split(/\r\n|\n|\r/)
    begun = lines.pop() ?? ''
    const shown = lines.filter((line) => line !== '')
    if (shown.length > 0) {
      write(shown)
    }
  }
}
