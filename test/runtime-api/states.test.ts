import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLegalMove, type RuntimeState } from '../../src/runtime-api/states.ts'

const STATES: RuntimeState[] = [
  'Started',
  'InitError',
  'Restored',
  'RestoreError',
  'Ready',
  'Running',
  'InvocationResponse',
  'InvocationErrorResponse',
  'ResponseSent',
]

test('a runtime has these moves and no others', () => {
  const legal = STATES.flatMap((from) =>
    STATES.filter((to) => isLegalMove(from, to)).map((to) => `${from} > ${to}`),
  )
  assert.deepEqual(legal, [
    'Started > InitError',
    'Started > Restored',
    'Started > Ready',
    'Restored > RestoreError',
    'Restored > Ready',
    'Ready > Ready',
    'Ready > Running',
    'Running > InvocationResponse',
    'Running > InvocationErrorResponse',
    'InvocationResponse > ResponseSent',
    'InvocationErrorResponse > ResponseSent',
    'ResponseSent > Ready',
  ])
})
