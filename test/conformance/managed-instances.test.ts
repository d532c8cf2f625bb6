/** AWS's own emulator, in its mode for Lambda Managed Instances, drives an executable. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { cannotMount, findAwsEmulator } from '../support/aws-emulator.ts'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { type BuiltFunction, buildFunction } from '../support/projects/built-function.ts'
import { within } from '../support/runtime-api/lambda-process.ts'

const unmountable = cannotMount()
const emulator = unmountable === false ? findAwsEmulator() : undefined
const skip = unmountable || (emulator && 'missing' in emulator ? emulator.missing : false)

const MOUNTED =
  'mount -t tmpfs none /var && mkdir /var/task && mount --bind "$1" /var/task && cd /var/task && shift && exec "$@"'

let built: BuiltFunction
let process_: ChildProcess
let url: string
let output = ''

before(async () => {
  if (skip !== false || emulator === undefined || !('path' in emulator)) {
    return
  }
  built = await buildFunction('threads')
  const [port, apiPort] = [await freePort(), await freePort()]
  url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  const options = [
    ...['--runtime-interface-emulator-address', `127.0.0.1:${port}`],
    ...['--runtime-api-address', `127.0.0.1:${apiPort}`],
  ]
  const command = [emulator.path, ...options, '/var/task/bootstrap', 'threads']
  process_ = spawn('unshare', ['--mount', 'sh', '-c', MOUNTED, 'sh', built.folder, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      _HANDLER: 'threads',
      AWS_LAMBDA_MAX_CONCURRENCY: '4',
      AWS_LAMBDA_NODEJS_WORKER_COUNT: '2',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    },
  })
  const initialised = new Promise<void>((resolve) => {
    for (const stream of [process_.stdout, process_.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if ((output.match(/evaluated in/g)?.length ?? 0) >= 2) {
          resolve()
        }
      })
    }
  })
  await within(initialised, () => `both threads to initialise; the emulator printed: ${output}`)
})

after(async () => {
  if (process_ !== undefined) {
    process_.kill('SIGTERM')
    await once(process_, 'exit')
    await built.remove()
  }
})

/** Tried again while the emulator is not listening yet. */
async function post(event: object): Promise<Record<string, unknown>> {
  for (let attempt = 0; ; attempt++) {
    try {
      const reply = await fetch(url, { method: 'POST', body: JSON.stringify(event) })
      return (await reply.json()) as Record<string, unknown>
    } catch (error) {
      if (attempt === 100) {
        throw error
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

test('as many invocations as Lambda allows are handled at once, in all threads', { skip }, async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => post({ kind: 'block', ms: 100 })))
  assert.equal(new Set(answers.map(({ thread }) => thread)).size, 2)
  assert.equal(new Set(answers.map(({ id }) => id)).size, 4)
})

test('one that ends its thread fails alone, and the environment goes on', { skip }, async () => {
  const other = post({ kind: 'wait', ms: 1 })
  assert.equal((await other).isMainThread, false)
  assert.equal((await post({ kind: 'exit' })).errorType, 'Runtime.ExitError')
  const answers = await Promise.all([1, 2, 3, 4].map(() => post({ kind: 'block', ms: 50 })))
  assert.equal(
    answers.every(({ isMainThread }) => isMainThread === false),
    true,
  )
})

test('what is logged names its invocation, in JSON', { skip }, async () => {
  const { id } = await post({ kind: 'print', text: 'text' })
  // It comes by the emulator's own output, behind the answer or before it.
  await eventually(
    () => output.includes(`"requestId":"${id}","message":"console text"`),
    'it is in the emulator’s output',
  )
})
