import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { CloudWatchLogsEvent, KinesisStreamEvent, MSKEvent, SQSEvent } from 'aws-lambda'
import { type SampleName, sampleEvent } from '../../src/api.ts'
import { UsageError } from '../../src/configuration/usage-error.ts'
import { isCarrying, SAMPLE_ALIASES, SAMPLE_NAMES } from '../../src/events/sample-events.ts'

// That they are as @types/aws-lambda says, the type-checker holds: each is written with `satisfies`.

const decoded = (text: string | undefined) => Buffer.from(text ?? '', 'base64').toString()

test('each sample is JSON, and another object each time', () => {
  assert.ok(SAMPLE_NAMES.length > 20)
  for (const name of SAMPLE_NAMES) {
    const event = sampleEvent(name)
    assert.deepEqual(JSON.parse(JSON.stringify(event)), event, name)
    assert.notEqual(sampleEvent(name), event)
    assert.deepEqual(sampleEvent(name), event)
  }
})

test('what carries something carries what it is given, as the service encodes it', () => {
  const body = 'grüße "7"'
  const { Records: messages } = sampleEvent('sqs', body) as SQSEvent
  assert.equal(messages[0]?.body, body)
  assert.equal(messages[0]?.md5OfBody, createHash('md5').update(body).digest('hex'))
  const { Records: records } = sampleEvent('kinesis', body) as KinesisStreamEvent
  assert.equal(decoded(records[0]?.kinesis.data), body)
  const { records: topics } = sampleEvent('msk', body) as MSKEvent
  assert.equal(decoded(topics['orders-0']?.[0]?.value), body)
  const { awslogs } = sampleEvent('cloudwatch-logs', body) as CloudWatchLogsEvent
  const logs = JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString())
  assert.equal(logs.logEvents[0].message, body)
  assert.deepEqual((sampleEvent('eventbridge', '{"a":1}') as { detail: unknown }).detail, { a: 1 })
  // All of them, somewhere.
  for (const name of SAMPLE_NAMES.filter(isCarrying)) {
    assert.notDeepEqual(sampleEvent(name, body), sampleEvent(name), name)
  }
})

test('a sample has the names that other tools have for it', () => {
  for (const [alias, name] of Object.entries(SAMPLE_ALIASES)) {
    assert.deepEqual(sampleEvent(alias), sampleEvent(name))
  }
})

test('a name that there is not, and a body that nothing carries, are told in one sentence', () => {
  assert.throws(
    () => sampleEvent('sqss'),
    new UsageError('expected the name of a sample event, but got "sqss"; did you mean sqs?'),
  )
  assert.throws(() => sampleEvent('something else'), /there are alb, apigateway-v1, /)
  assert.throws(() => sampleEvent('toString' as SampleName), UsageError)
  assert.throws(() => sampleEvent('s3', 'x'), /s3, which carries none; .* A body have alb, /)
})
