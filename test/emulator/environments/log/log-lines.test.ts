import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  billedMs,
  endLine,
  initReportLine,
  reportLine,
  startLine,
} from '../../../../src/emulator/environments/log/log-lines.ts'

const REPORT = { requestId: 'id', durationMs: 2.31, memorySizeMb: 128, maxMemoryUsedMb: 61 }

test('START, END and REPORT read as in a log of Lambda', () => {
  assert.equal(startLine('id', '$LATEST'), 'START RequestId: id Version: $LATEST\n')
  assert.equal(endLine('id'), 'END RequestId: id\n')
  assert.equal(
    reportLine({ ...REPORT, initDurationMs: 94.87 }),
    'REPORT RequestId: id\tDuration: 2.31 ms\tBilled Duration: 98 ms\tMemory Size: 128 MB\tMax Memory Used: 61 MB\tInit Duration: 94.87 ms\n',
  )
})

test('REPORT of a warm invocation has no Init Duration, and of a failed one its status', () => {
  const warm =
    'REPORT RequestId: id\tDuration: 2.31 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 61 MB'
  assert.equal(reportLine(REPORT), `${warm}\n`)
  assert.equal(reportLine({ ...REPORT, status: 'timeout' }), `${warm}\tStatus: timeout\n`)
  assert.equal(
    reportLine({ ...REPORT, status: 'error', errorType: 'Runtime.ExitError' }),
    `${warm}\tStatus: error\tError Type: Runtime.ExitError\n`,
  )
})

test('INIT_REPORT tells of an init phase that failed', () => {
  assert.equal(
    initReportLine(10_000, 'init', 'timeout'),
    'INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout\n',
  )
  assert.equal(
    initReportLine(1.5, 'invoke', 'error', 'Runtime.ExitError'),
    'INIT_REPORT Init Duration: 1.50 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n',
  )
})

test('the billed duration is rounded up to the millisecond, from the times as they are printed', () => {
  assert.equal(billedMs(2), 2)
  assert.equal(billedMs(2.01), 3)
  assert.equal(billedMs(2.001), 2)
  assert.equal(billedMs(0.4, 0.6), 1)
  assert.equal(billedMs(0.1 + 0.2, 0.7), 1)
})
