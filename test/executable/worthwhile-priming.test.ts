/** What is primed by the memory that a function has: where the first invocation has nearly a whole CPU, a start is faster without. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { worthwhilePriming } from '../../src/executable/worthwhile-priming.ts'

const SDK = [{ client: 'DynamoDBClient', command: 'GetItemCommand', input: {}, answer: 'json' }] as const
const ALL = { parts: ['crypto', 'https', 'fetch'], sdk: SDK } as const

const withMemory = (memory: string | undefined, more: NodeJS.ProcessEnv = {}) =>
  worthwhilePriming(ALL, { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory, ...more })

test('the less of a CPU the memory buys, the more is primed', () => {
  assert.deepEqual(
    ['128', '512', '600'].map((memory) => withMemory(memory)),
    [ALL, ALL, ALL],
  )
  assert.deepEqual(
    ['768', '900'].map((memory) => withMemory(memory)),
    [{ parts: ALL.parts }, { parts: ALL.parts }],
  )
  assert.deepEqual(withMemory('1024'), { parts: ['fetch'] })
  assert.deepEqual(
    ['1536', '1769', '10240'].map((memory) => withMemory(memory)),
    [undefined, undefined, undefined],
  )
})

test('all is primed where the memory is not known', () => {
  assert.deepEqual(
    [undefined, '', 'much'].map((memory) => withMemory(memory)),
    [ALL, ALL, ALL],
  )
})

test('all is primed where nobody waits for the init phase, and where a handler is rehearsed', () => {
  for (const type of ['provisioned-concurrency', 'snap-start', 'lambda-managed-instances']) {
    assert.equal(withMemory('1769', { AWS_LAMBDA_INITIALIZATION_TYPE: type }), ALL)
  }
  assert.equal(withMemory('1769', { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' }), undefined)
  const rehearsed = { ...ALL, rehearsal: { events: [], stubs: [] } }
  assert.equal(worthwhilePriming(rehearsed, { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769' }), rehearsed)
})

test('LAMBDABIN_PRIME has the last word', () => {
  for (const off of ['0', 'false']) {
    assert.equal(withMemory('128', { LAMBDABIN_PRIME: off }), undefined)
    assert.equal(
      withMemory('128', { LAMBDABIN_PRIME: off, AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' }),
      undefined,
    )
  }
  for (const on of ['1', 'true']) {
    assert.equal(withMemory('10240', { LAMBDABIN_PRIME: on }), ALL)
  }
  assert.equal(withMemory('10240', { LAMBDABIN_PRIME: '' }), undefined)
})
