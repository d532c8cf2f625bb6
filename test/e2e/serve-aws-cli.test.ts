import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { startServe } from '../support/emulator/serve-process.ts'
import { type BuiltFunction, buildFunction } from '../support/projects/built-function.ts'

const ECHO = fileURLToPath(new URL('../../src/functions/echo.ts', import.meta.url))

/** Debian's first: a version 1 that pip has installed may come before it on the PATH. */
const aws = findAws()
const skip = aws === undefined ? 'no AWS CLI v2 (Debian: apt-get install awscli)' : false

function findAws(): string | undefined {
  return ['/usr/bin/aws', '/usr/local/bin/aws', 'aws'].find((command) => {
    try {
      return (
        (!command.startsWith('/') || existsSync(command)) &&
        /^aws-cli\/2\./.test(execFileSync(command, ['--version'], { encoding: 'utf8' }))
      )
    } catch {
      return false
    }
  })
}

let built: BuiltFunction

before(async () => {
  if (aws !== undefined) {
    built = await buildFunction(ECHO)
  }
})
after(async () => {
  if (aws !== undefined) {
    await built.remove()
  }
})

test("the article's walkthrough with the AWS CLI: create-function, invoke, the article's response", {
  skip,
}, async (context) => {
  const folder = temporaryFolder(context)
  const { endpoint } = await startServe(context, folder)
  const lambda = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)(
      aws as string,
      ['lambda', '--endpoint-url', endpoint, ...args],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          AWS_ACCESS_KEY_ID: 'any',
          AWS_SECRET_ACCESS_KEY: 'any',
          AWS_DEFAULT_REGION: 'us-east-1',
        },
        timeout: 120_000,
      },
    )
    return stdout === '' ? undefined : JSON.parse(stdout)
  }
  const created = await lambda(
    'create-function',
    '--function-name',
    'echo',
    '--zip-file',
    `fileb://${built.zip}`,
    '--handler',
    'echo',
    '--runtime',
    'provided.al2023',
    '--role',
    'arn:aws:iam::123456789012:role/lambda-cli-role',
    '--timeout',
    '60',
  )
  assert.equal(created.FunctionName, 'echo')
  assert.equal(created.State, 'Pending')
  await lambda('wait', 'function-active-v2', '--function-name', 'echo')

  const invoked = await lambda(
    'invoke',
    '--function-name',
    'echo',
    '--cli-binary-format',
    'raw-in-base64-out',
    '--payload',
    '{"text":"Hello"}',
    '--log-type',
    'Tail',
    'response.json',
  )
  assert.equal(invoked.StatusCode, 200)
  assert.equal(invoked.FunctionError, undefined)
  assert.match(
    Buffer.from(invoked.LogResult, 'base64').toString(),
    /^START RequestId: [\s\S]*\nREPORT RequestId: /m,
  )
  const response = JSON.parse(readFileSync(join(folder, 'response.json'), 'utf8'))
  assert.deepEqual(Object.keys(response), ['requestId', 'deadline', 'functionArn', 'traceId', 'event'])
  assert.equal(typeof response.requestId, 'string')
  assert.equal(typeof response.deadline, 'number')
  assert.equal(response.functionArn, created.FunctionArn)
  assert.match(response.traceId, /^Root=1-/)
  assert.deepEqual(response.event, { text: 'Hello' })

  const { Functions } = await lambda('list-functions')
  assert.equal(Functions.length, 1)
  await assert.rejects(lambda('invoke', '--function-name', 'nobody', 'x.json'), /ResourceNotFoundException/)
  await lambda('delete-function', '--function-name', 'echo')
  assert.deepEqual((await lambda('list-functions')).Functions, [])
})
