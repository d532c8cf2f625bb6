/** `lambdabin invoke` in a process of its own, with its streams as bytes. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { FIXTURE_SANDBOX } from './fixture-sandbox.ts'

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))

export interface InvokeResult {
  status: number | null
  signal: NodeJS.Signals | null
  stdout: Buffer
  stderr: string
}

export interface InvokeOptions {
  input?: string | Buffer
  environment?: Record<string, string>
}

export function startInvoke(args: readonly string[], options: InvokeOptions = {}): ChildProcess {
  // Without --, Node.js itself takes the --env-file that is meant for the command.
  const child = spawn(process.execPath, ['--', CLI, 'invoke', ...args], {
    env: { LAMBDABIN_SANDBOX: FIXTURE_SANDBOX, ...process.env, ...options.environment },
    timeout: 120_000,
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return child
}

export async function runInvoke(args: readonly string[], options?: InvokeOptions): Promise<InvokeResult> {
  return await resultOf(startInvoke(args, options))
}

export async function resultOf(child: ChildProcess): Promise<InvokeResult> {
  const [stdout, stderr, [status, signal]] = await Promise.all([
    read(child.stdout),
    read(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { status, signal, stdout, stderr: stderr.toString() }
}

/** All that is left to read; nothing of a stream that the test has closed. */
async function read(stream: Readable | null): Promise<Buffer> {
  return stream === null || stream.destroyed ? Buffer.alloc(0) : await buffer(stream)
}
