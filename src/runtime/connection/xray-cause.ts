import type { ErrorDocument } from '../../runtime-api/contract.ts'

/** Bytes of the largest cause that the platform keeps. */
const MAX_BYTES = 64 * 1024
const FRAME = /^\s*at (?:(.*) \()?(.*?):(\d+):\d+\)?$/

/**
 * The cause of an error as X-Ray takes it in a header: one line of ASCII JSON with the exception and its stack frames.
 * Undefined when it is larger than X-Ray takes.
 */
export function xrayErrorCause(document: ErrorDocument): string | undefined {
  const { errorType: type, errorMessage: message, trace } = document
  const stack = trace.flatMap((text) => {
    const [, label, path, line] = FRAME.exec(text) ?? []
    return path === undefined ? [] : [{ path, line: Number(line), label: label ?? 'anonymous' }]
  })
  const paths = [...new Set(stack.map(({ path }) => path))]
  const json = JSON.stringify({
    working_directory: process.cwd(),
    exceptions: [{ type, message, stack }],
    paths,
  })
  const ascii = json.replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return ascii.length > MAX_BYTES ? undefined : ascii
}
