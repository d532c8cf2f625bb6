import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkResponse } from '../../scripts/bench/expected-responses.ts'
import { handler } from '../../scripts/bench/functions/sdk.ts'

const contender = { cwd: '/', command: ['/bin/true'], env: {}, name: '', note: '', shipped: [] } as const
const echo = { ...contender, id: 'bun', function: 'echo', event: '{"text":"Hello"}' } as const
const sdk = { ...contender, id: 'bun', function: 'sdk', event: '{}' } as const
const ECHOED = {
  requestId: '3db41196-f442-11e8-a8b4-000000000000',
  deadline: 1_543_542_600_555,
  functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:echo',
  traceId: 'Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0',
  event: { text: 'Hello' },
}

test('the response of each function is taken, in chunks as well', async () => {
  const text = JSON.stringify(ECHOED)
  checkResponse(echo, text)
  checkResponse(echo, `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`)
  checkResponse({ ...echo, id: 'c' }, 'null')
  const { default: event } = await import('../../scripts/bench/functions/sdk-event.json', {
    with: { type: 'json' },
  })
  checkResponse(sdk, JSON.stringify(await handler(event)))
})

test('a response that leaves something out is refused', () => {
  const { traceId: _, ...without } = ECHOED
  for (const answer of [without, { ...ECHOED, deadline: '1543542600555' }, null]) {
    assert.throws(() => checkResponse(echo, JSON.stringify(answer)), /expected the response/)
  }
  assert.throws(() => checkResponse(sdk, '{"region":"us-east-1","table":"orders"}'), /expected the response/)
})

test('the function with the SDK refuses what is no order', async () => {
  await assert.rejects(handler({ customer: 'c-1', email: 'nobody', items: [] }), /email/)
})
