/**
 * AWS's Runtime Interface Emulator beside `invoke` and `serve`: the same executables, handlers and events, and what each
 * answers, byte for byte.
 *
 *     go install github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@latest
 *     node scripts/local-lambda/compare-with-rie.ts [path of aws-lambda-rie [contract|streaming]]
 *
 * Prints a table of the differences, for docs/local-lambda.md, and exits with 1 when there is one that DIFFERENCES does not
 * explain.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type BuiltFunction, buildFunction } from '../../test/support/projects/built-function.ts'

const RIE = process.argv[2] ?? join(homedir(), 'go/bin/aws-lambda-rie')
const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))
const TIMEOUT_S = 10

interface Case {
  fixture: string
  handler: string
  event: unknown
}

const ALL: readonly Case[] = [
  ...['handler', 'echoPlain', 'echoCallback', 'succeed', 'nothing', 'returnsUndefined'].map((handler) => ({
    fixture: 'contract',
    handler,
    event: { text: 'Hëllo', n: 1e21 },
  })),
  ...['callbackError', 'fail', 'throwsError', 'throwsAtOnce', 'neverSettles', 'exits'].map((handler) => ({
    fixture: 'contract',
    handler,
    event: {},
  })),
  ...['string', 'null', 'undefined', 'hostile', 'line breaks'].map((kind) => ({
    fixture: 'contract',
    handler: 'throwsValue',
    event: { kind },
  })),
  ...['bigint', 'function', 'circle'].map((kind) => ({
    fixture: 'contract',
    handler: 'returnsUnserialisable',
    event: { kind },
  })),
  { fixture: 'contract', handler: 'missing', event: {} },
  { fixture: 'streaming', handler: 'handler', event: { name: 'world' } },
  { fixture: 'streaming', handler: 'slowly', event: {} },
  { fixture: 'streaming', handler: 'http', event: { body: 'x' } },
]

/** Those of one fixture, if one is named. */
const CASES = ALL.filter(({ fixture }) => [fixture, undefined].includes(process.argv[3]))

/** What differs on purpose, and why: by case. */
const DIFFERENCES: readonly { what: RegExp; why: string }[] = []

const built = new Map<string, BuiltFunction>()
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-rie-'))
let unexplained = 0
try {
  for (const fixture of new Set(CASES.map((each) => each.fixture))) {
    built.set(fixture, await buildFunction(fixture))
  }
  for (const [index, each] of CASES.entries()) {
    await compare(each, 20_100 + index)
  }
} finally {
  for (const each of built.values()) {
    await each.remove()
  }
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = unexplained === 0 ? 0 : 1

async function compare({ fixture, handler, event }: Case, port: number): Promise<void> {
  const { folder: taskRoot, zip } = built.get(fixture) as BuiltFunction
  const setting = `${fixture}.${handler}`
  const text = JSON.stringify(event)
  const [rie, invoked, served] = [
    await throughRie(taskRoot, setting, text, port),
    await throughInvoke(zip, setting, text),
    await throughServe(zip, setting, text),
  ].map(withoutIds)
  const what = `${setting} ${text}`
  if (rie === invoked && rie === served) {
    process.stdout.write(`same: ${what}\n`)
    return
  }
  const explained = DIFFERENCES.find((difference) => difference.what.test(what))
  unexplained += explained === undefined ? 1 : 0
  process.stdout.write(
    `${explained === undefined ? 'DIFFERENT' : 'explained'}: ${what}\n  rie:    ${rie}\n  invoke: ${invoked}\n  serve:  ${served}\n`,
  )
}

/** What is another in each run. */
function withoutIds(answer: Buffer): string {
  return answer.toString().replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
}

async function throughRie(taskRoot: string, handler: string, event: string, port: number): Promise<Buffer> {
  const parameters = ['--runtime-interface-emulator-address', `127.0.0.1:${port}`]
  const api = ['--runtime-api-address', `127.0.0.1:${port + 1000}`]
  const child = spawn(RIE, [...parameters, ...api, join(taskRoot, 'bootstrap'), handler], {
    cwd: taskRoot,
    stdio: 'ignore',
    detached: true,
    env: {
      PATH: process.env.PATH,
      LAMBDA_TASK_ROOT: taskRoot,
      AWS_LAMBDA_FUNCTION_TIMEOUT: String(TIMEOUT_S),
      AWS_LAMBDA_FUNCTION_NAME: handler,
    },
  })
  const ended = once(child, 'exit')
  try {
    await reachable(port)
    const answer = await fetch(`http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`, {
      method: 'POST',
      body: event,
      signal: AbortSignal.timeout(2 * TIMEOUT_S * 1000),
    })
    return Buffer.from(await answer.arrayBuffer())
  } catch (error) {
    return Buffer.from(`no answer: ${error}`)
  } finally {
    process.kill(-(child.pid as number), 'SIGKILL')
    await ended
  }
}

async function throughInvoke(zip: string, handler: string, event: string): Promise<Buffer> {
  const child = run(['invoke', zip, '--handler', handler, '--event', event, '--timeout', String(TIMEOUT_S)])
  return await buffer(child.stdout as NonNullable<ChildProcess['stdout']>)
}

async function throughServe(zip: string, handler: string, event: string): Promise<Buffer> {
  const child = run(['serve', '--port', '0', '--state', join(folder, 'state'), '--no-page'])
  const ended = once(child, 'close')
  try {
    let said = ''
    for await (const chunk of child.stdout ?? []) {
      said += chunk
      const [, endpoint] = /--endpoint-url (\S+)\n/.exec(said) ?? []
      if (endpoint !== undefined) {
        return await createAndInvoke(endpoint, zip, handler, event)
      }
    }
    return Buffer.from('serve did not start')
  } finally {
    child.kill('SIGTERM')
    await ended
  }
}

async function createAndInvoke(
  endpoint: string,
  zip: string,
  handler: string,
  event: string,
): Promise<Buffer> {
  const { readFile } = await import('node:fs/promises')
  const functions = `${endpoint}/2015-03-31/functions`
  const created = await fetch(functions, {
    method: 'POST',
    body: JSON.stringify({
      FunctionName: 'compared',
      Runtime: 'provided.al2023',
      Role: 'arn:aws:iam::123456789012:role/any',
      Handler: handler,
      Timeout: TIMEOUT_S,
      Code: { ZipFile: (await readFile(zip)).toString('base64') },
    }),
  })
  if (!created.ok) {
    return Buffer.from(await created.arrayBuffer())
  }
  const answer = await fetch(`${functions}/compared/invocations`, { method: 'POST', body: event })
  const bytes = Buffer.from(await answer.arrayBuffer())
  await fetch(`${functions}/compared`, { method: 'DELETE' })
  return bytes
}

function run(args: string[]): ChildProcess {
  return spawn(process.execPath, ['--', CLI, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`nothing listens on port ${port}`)
}
