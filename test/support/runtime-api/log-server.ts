/** The unix socket that takes the logs of an environment of several invocations at once. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { within } from './lambda-process.ts'

export interface LogRecord {
  level: string
  requestId: string
  tenantId?: string
  message: string | { errorType: string }
}

/** A unix socket that takes logs. `until` resolves to all of them once they match; each line has to be JSON. */
export async function logServer(
  t: TestContext,
): Promise<{ path: string; until(pattern: RegExp): Promise<LogRecord[]> }> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-logs-'))
  const path = join(folder, 'logs')
  let text = ''
  let told = (): void => {}
  const server = createServer((socket) => {
    socket.setEncoding('utf8').on('data', (data: string) => {
      text += data
      told()
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(() => {
    server.close()
    rmSync(folder, { recursive: true })
  })
  return {
    path,
    async until(pattern) {
      // The last line may come in pieces.
      const matches = (): boolean => text.endsWith('\n') && pattern.test(text.slice(-20_000))
      const matched = new Promise<void>((resolve) => {
        told = () => matches() && resolve()
      })
      told()
      await within(matched, () => `${pattern} in: ${text.slice(-2000)}`)
      return text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as LogRecord)
    },
  }
}
