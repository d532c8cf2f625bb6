/** `lambdabin serve` in a process of its own, on a free port, with its state in a folder of the test's. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { FIXTURE_SANDBOX } from './fixture-sandbox.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))

/** What it gets to end in good order. */
const PATIENCE_MS = 15_000

export interface ServeProcess {
  /** `http://localhost:PORT` */
  endpoint: string
  pid: number
  /** All that it has written to stderr. */
  stderr: () => string
  /** Resolves with the exit status and signal. */
  end: (signal: NodeJS.Signals) => Promise<{ status: number | null; signal: NodeJS.Signals | null }>
  invoke: (functionName: string, event: unknown, headers?: Record<string, string>) => Promise<Response>
}

/** Resolves when it listens; rejects with what it said when it ends before that. `cwd` is a folder of the test's. */
export async function startServe(
  context: TestContext,
  cwd: string,
  args: readonly string[] = [],
  environment: Record<string, string> = {},
): Promise<ServeProcess> {
  // Without --, Node.js itself takes the --env-file and the --inspect that are meant for the command.
  const child = spawn(process.execPath, ['--', CLI, 'serve', '--port', '0', ...args], {
    cwd,
    env: { LAMBDABIN_SANDBOX: FIXTURE_SANDBOX, ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 1_200_000,
  })
  const closed = once(child, 'close')
  context.after(async () => {
    // In good order, so that it takes its functions with it.
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
    await closed
    clearTimeout(late)
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const endpoint = await readEndpoint(child, () => stderr)
  return {
    endpoint,
    pid: child.pid as number,
    stderr: () => stderr,
    end: async (signal) => {
      const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
      child.kill(signal)
      const [status, endedBy] = await closed
      return { status, signal: endedBy }
    },
    invoke: async (functionName, event, headers = {}) =>
      await fetch(`${endpoint}/2015-03-31/functions/${functionName}/invocations`, {
        method: 'POST',
        headers,
        body: JSON.stringify(event),
      }),
  }
}

async function readEndpoint(child: ChildProcess, stderr: () => string): Promise<string> {
  let stdout = ''
  return await new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text
      const [, endpoint] = /--endpoint-url (http:\S+)\n/.exec(stdout) ?? []
      if (endpoint !== undefined) {
        resolve(endpoint)
      }
    })
    child.once('close', (status) => reject(new Error(`it ended with status ${status}: ${stderr()}`)))
  })
}
