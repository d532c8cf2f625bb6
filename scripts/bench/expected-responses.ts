/** What each function answers, so that nobody is fast by not doing the work. */

import { isDeepStrictEqual } from 'node:util'
import type { Contender } from './contenders.ts'

const ECHOED = {
  requestId: '3db41196-f442-11e8-a8b4-000000000000',
  functionArn: 'arn:aws:lambda:us-east-1:123456789012:function:echo',
  traceId: 'Root=1-5c009745-36997a167a83da36a3c93059;Parent=62cea21b272ebe72;Sampled=0',
}
const STORED = {
  region: 'us-east-1',
  table: 'orders',
  item: {
    customer: { S: 'c-1842' },
    email: { S: 'jane@example.com' },
    items: {
      L: [
        { M: { sku: { S: 'A-100' }, quantity: { N: '2' }, price: { N: '19.5' } } },
        { M: { sku: { S: 'B-200' }, quantity: { N: '1' }, price: { N: '5' } } },
      ],
    },
    notes: { L: [{ S: 'a gift' }] },
    total: { N: '44' },
  },
}

const FOUND = {
  id: 'o-1842',
  customer: 'c-1842',
  lines: [
    { sku: 'A-100', quantity: 2, price: 19.5 },
    { sku: 'B-200', quantity: 1, price: 5 },
  ],
  total: 44,
}

/** Throws where the first response is not the function's. */
export function checkResponse({ id, function: name, event }: Contender, firstResponse: string): void {
  const answer = JSON.parse(withoutChunks(firstResponse))
  let expected: unknown = null
  if (name === 'sdk') {
    expected = STORED
  } else if (name === 'get-item') {
    expected = FOUND
  } else if (id !== 'c') {
    expected = { ...ECHOED, deadline: answer?.deadline, event: JSON.parse(event) }
  }
  const isNumber = name === 'sdk' || name === 'get-item' || id === 'c' || typeof answer?.deadline === 'number'
  if (!isDeepStrictEqual(answer, expected) || !isNumber) {
    throw new Error(`expected the response ${JSON.stringify(expected)}, and got ${firstResponse}`)
  }
}

/** The body of a request whose transfer coding is chunked, and which has one chunk. */
function withoutChunks(body: string): string {
  const [, size, chunk] = /^([0-9a-f]+)\r\n(.*)\r\n0\r\n\r\n$/is.exec(body) ?? []
  return size !== undefined && chunk?.length === Number.parseInt(size, 16) ? chunk : body
}
