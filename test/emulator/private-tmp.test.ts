import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ExecutionEnvironment } from '../../src/emulator/execution-environment.ts'
import { findPrivateTmp } from '../../src/emulator/private-tmp.ts'
import { createInvocation } from '../../src/runtime-api/invocation.ts'
import { fixturePackage } from '../support/fixture-package.ts'

const OUTSIDE = '/var/tmp'

test('two environments do not see what the other writes to /tmp, nor does this machine', async (context) => {
  const folder = mkdtempSync(join(OUTSIDE, 'lambdabin-test-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const privateTmp = findPrivateTmp(folder)
  if (privateTmp === undefined) {
    context.skip('this machine allows no mount namespaces')
    return
  }
  if (fileURLToPath(import.meta.url).startsWith('/tmp/')) {
    context.skip('this checkout is in /tmp, and its fixtures would be out of the environments’ sight')
    return
  }
  const taskRoot = fixturePackage(folder)
  const create = async () => {
    const environment = await ExecutionEnvironment.create({
      functionName: 'misbehaving',
      version: '$LATEST',
      handler: 'misbehaving',
      memorySizeMb: 512,
      region: 'us-east-1',
      environment: {},
      taskRoot,
      workFolder: folder,
      privateTmp,
      timeoutMs: 60_000,
      initTimeoutMs: 60_000,
      log: () => {},
    })
    context.after(() => environment.shutdown())
    await environment.init()
    return environment
  }
  const file = `/tmp/lambdabin-${process.pid}`
  const write = async (environment: ExecutionEnvironment) => {
    const event = Buffer.from(JSON.stringify({ do: 'write a file', path: file }))
    const { outcome, done } = environment.invoke(createInvocation(event, 'arn'))
    const result = await outcome
    await done
    return result.kind === 'response' ? result.body.toString() : result.kind
  }
  const [first, second] = [await create(), await create()]
  assert.equal(await write(first), '"written"')
  assert.equal(await write(first), '"it was there"')
  assert.equal(await write(second), '"written"')
  assert.ok(!existsSync(file))
})

test('where all that environments need is in /tmp itself, they cannot have another', () => {
  assert.equal(findPrivateTmp('/tmp/anything'), undefined)
})
