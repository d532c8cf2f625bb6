import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MEASURING, readTimeline } from '../../../src/inspect/start/timeline.ts'
import type { Trace } from '../../../src/inspect/start/trace.ts'

const TRACE: Trace = {
  timeOrigin: 1000,
  ...{ nodeStart: 1, v8Start: 2, environment: 5, hook: { begin: 20, end: 21 } },
  measuring: [],
  scripts: [],
  builtins: [],
  ...{ runtimeStart: 30, preload: undefined, load: { begin: 40, end: 60 } },
  marks: [],
  cpuMicroseconds: 1,
}

test('what measuring takes of the function’s part is that of the init phase, and not of chunks that an invocation loads', () => {
  const measuring = [
    { begin: 41, end: 43 },
    { begin: 50, end: 51 },
    { begin: 100, end: 180 },
  ]
  const run = { spawned: 990, firstNext: 1070, invocation: undefined, pages: undefined }
  const { parts } = readTimeline({ ...run, trace: { ...TRACE, measuring } }, [])
  const own = parts.find(({ name }) => name === 'function')?.parts
  assert.deepEqual(
    own?.map(({ name, begin, ms }) => [name, begin, ms]),
    [[MEASURING, 51, 3]],
  )
})
