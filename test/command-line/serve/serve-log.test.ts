import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withLineBreaks } from '../../../src/command-line/line-breaks.ts'
import { createServeLog, isColoured } from '../../../src/command-line/serve/serve-log.ts'

function collect(coloured = false) {
  const written: string[] = []
  return { log: createServeLog((text) => written.push(text), coloured), text: () => written.join('') }
}

test('each line stands behind its function, whatever pieces it came in', () => {
  const { log, text } = collect()
  const orders = log.open('orders')
  const billing = log.open('billing')
  const bytes = Buffer.from('grüße\nsecond\n')
  orders('START RequestId: 1 Version: $LATEST\n')
  orders(bytes.subarray(0, 3))
  billing(Buffer.from('between\n'))
  orders(bytes.subarray(3))
  assert.equal(
    text(),
    'orders START RequestId: 1 Version: $LATEST\nbilling between\norders grüße\norders second\n',
  )
})

test('what a process leaves without a line break ends where the platform speaks', () => {
  const { log, text } = collect()
  const orders = log.open('orders')
  orders(Buffer.from('last words'))
  orders('END RequestId: 1\n')
  assert.equal(text(), 'orders last words\norders END RequestId: 1\n')
})

test('the lines of one message, which Lambda joins with carriage returns, are lines again', () => {
  const { log, text } = collect()
  log.open('orders')(Buffer.from('one\rtwo\r\nthree\n'))
  assert.equal(text(), 'orders one\norders two\norders three\n')
  assert.equal(withLineBreaks('one\rtwo\r\nthree\rü\n').toString(), 'one\ntwo\r\nthree\nü\n')
})

test('colours are for terminals whose user has not declined them', () => {
  const terminal = { isTTY: true }
  assert.equal(isColoured(terminal, {}), true)
  assert.equal(isColoured({}, {}), false)
  assert.equal(isColoured(terminal, { NO_COLOR: '1' }), false)
  assert.equal(isColoured(terminal, { NO_COLOR: '' }), true)
  assert.equal(isColoured(terminal, { TERM: 'dumb' }), false)
  const { log, text } = collect(true)
  log.open('orders')('REPORT RequestId: 1\tStatus: timeout\n')
  assert.ok(text().includes('\u001b[31mREPORT RequestId: 1\tStatus: timeout'), 'a failure is red')
  const line = (status: string) => `{"time":"2026","type":"platform.report","record":{"status":"${status}"}}`
  log.open('orders')(`${line('error')}\n${line('success')}\n`)
  assert.ok(text().includes(`\u001b[31m${line('error')}`), 'a failure in JSON is red')
  assert.ok(text().includes(`\u001b[2m${line('success')}`), 'a line of Lambda’s own is dim')
})
