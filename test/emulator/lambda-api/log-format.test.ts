/** LoggingConfig: Lambda's own lines in the log are JSON where the function's log format is, as its system log level has them. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { InvokeCommand } from '@aws-sdk/client-lambda'
import { createFixture, order, startEmulator } from '../../support/emulator/local-emulator.ts'

interface SystemLine {
  readonly time: string
  readonly type: string
  readonly record: Record<string, unknown>
}

/** The lines of an invocation's log that are Lambda's own, and all that is logged. */
async function logged(context: TestContext, SystemLogLevel: string | undefined, event: unknown) {
  const emulator = await startEmulator(context)
  const sdk = emulator.client()
  await createFixture(sdk, 'orders', { LoggingConfig: { LogFormat: 'JSON', SystemLogLevel }, Timeout: 1 })
  const command = { FunctionName: 'orders', Payload: order(event), LogType: 'Tail' as const }
  const { LogResult = '' } = await sdk.send(new InvokeCommand(command))
  const tail = Buffer.from(LogResult, 'base64').toString()
  const lines = tail.split('\n').filter((line) => line.startsWith('{"time":'))
  return { tail, all: emulator.logs(), lines: lines.map((line) => JSON.parse(line) as SystemLine) }
}

const types = (lines: readonly SystemLine[]) => lines.map(({ type }) => type.replace('platform.', ''))

test('by default they are the start and the report', async (context) => {
  const { lines, all } = await logged(context, undefined, 1)
  assert.deepEqual(types(lines), ['start', 'report'])
  const [start, report] = lines
  assert.match(start?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal(start?.record.version, '$LATEST')
  assert.equal(report?.record.requestId, start.record.requestId)
  assert.equal(report?.record.status, 'success')
  const metrics = report?.record.metrics as Record<string, unknown>
  for (const name of [
    'durationMs',
    'billedDurationMs',
    'memorySizeMB',
    'maxMemoryUsedMB',
    'initDurationMs',
  ]) {
    assert.equal(typeof metrics[name], 'number', name)
  }
  assert.doesNotMatch(all, /^(START|END|REPORT|INIT_REPORT)\b/m)
})

test('DEBUG has all', async (context) => {
  const { lines } = await logged(context, 'DEBUG', 1)
  const init = ['initStart', 'initRuntimeDone', 'initReport']
  assert.deepEqual(types(lines), [...init, 'start', 'runtimeDone', 'report'])
})

test('WARN has what went wrong alone', async (context) => {
  assert.deepEqual((await logged(context, 'WARN', 1)).lines, [])
  const { lines, tail } = await logged(context, 'WARN', { do: 'hang' })
  assert.deepEqual(types(lines), ['runtimeDone', 'report'])
  assert.deepEqual(
    lines.map(({ record }) => record.status),
    ['timeout', 'timeout'],
  )
  assert.doesNotMatch(tail, /Task timed out|REPORT/)
})
