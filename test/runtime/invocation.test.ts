import assert from 'node:assert/strict'
import { test } from 'node:test'
import { header, readFacts, unmarshalEvent } from '../../src/runtime/invocation.ts'

test('headers that are absent, empty or repeated are read alike: the first value, or none', () => {
  assert.equal(header({}, 'x'), undefined)
  assert.equal(header({ x: '' }, 'x'), undefined)
  assert.equal(header({ x: ['1', '2'] }, 'x'), '1')
})

test('the headers of next become facts', () => {
  const facts = readFacts('id', {
    'lambda-runtime-deadline-ms': '1542409706888',
    'lambda-runtime-invoked-function-arn': 'arn',
    'lambda-runtime-trace-id': 'Root=1',
    'lambda-runtime-client-context': '{"custom":{"a":"b"}}',
    'lambda-runtime-cognito-identity': '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
    'lambda-runtime-aws-tenant-id': 'tenant',
  })
  assert.deepEqual(facts, {
    requestId: 'id',
    deadlineMs: 1542409706888,
    invokedFunctionArn: 'arn',
    traceId: 'Root=1',
    clientContext: { custom: { a: 'b' } },
    identity: { cognitoIdentityId: 'i', cognitoIdentityPoolId: 'p' },
    tenantId: 'tenant',
  })
})

test('a client context in UTF-8 survives its passage through a Latin-1 header', () => {
  const json = JSON.stringify({ custom: { city: '東京' } })
  const asHeader = Buffer.from(json).toString('latin1')
  assert.deepEqual(
    readFacts('id', { 'lambda-runtime-client-context': asHeader }).clientContext,
    JSON.parse(json),
  )
})

test('a client context or identity that is not JSON names its header', () => {
  for (const name of ['lambda-runtime-client-context', 'lambda-runtime-cognito-identity']) {
    assert.throws(() => readFacts('id', { [name]: '{' }), {
      name: 'Runtime.UnmarshalError',
      message: new RegExp(name),
    })
  }
})

test('a client context of null is none', () => {
  assert.equal(readFacts('id', { 'lambda-runtime-client-context': 'null' }).clientContext, undefined)
})

test('an event that is not JSON says what is wrong with it, and its size', () => {
  for (const body of ['', 'text', '{"a":1', '\ufeff1 2']) {
    assert.throws(() => unmarshalEvent({ text: body, bytes: Buffer.byteLength(body) }), {
      name: 'Runtime.UnmarshalError',
      message: new RegExp(`${Buffer.byteLength(body)} bytes`),
    })
  }
})
