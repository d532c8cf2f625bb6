/** What is measured of starts with nothing in memory, and what it is to reach: ratios, MB and chunks in one run. */

import {
  type ComparedFunction,
  find,
  firstNext,
  firstResponse,
  median,
  type Phase,
  type Results,
} from '../results.ts'
import type { Measurement } from '../runtime-api-server.ts'

type Value = (measurement: Measurement) => number

const AWS = 'aws-lambda-ric 4, same Node.js'
const BUN = 'Bun compiled, --bytecode'

export const diskMegabytes: Value = ({ diskBytesStart }) => diskBytesStart / 1e6
export const chunks: Value = ({ chunks: fetched }) => fetched ?? Number.NaN

export const COLD_TARGETS = [
  {
    what: 'echo, first response, cold page cache',
    against: AWS,
    limit: { atMost: 0.38 },
    unit: 'ratio',
    value: ratio('echo', 'aws-lambda-ric', 'coldStart', firstResponse),
  },
  {
    what: 'echo, cold page cache: read from the disk',
    against: '',
    limit: { atMost: 20 },
    unit: 'MB',
    value: own('echo', 'coldStart', diskMegabytes),
  },
  {
    what: 'AWS SDK + zod, first `next`, cold page cache, 128 KiB read ahead',
    against: BUN,
    limit: { atMost: 0.9 },
    unit: 'ratio',
    value: ratio('sdk', 'bun-bytecode', 'coldStart128', firstNext),
  },
  {
    what: 'the same: read from the disk',
    against: '',
    limit: { atMost: 20 },
    unit: 'MB',
    value: own('sdk', 'coldStart128', diskMegabytes),
  },
  {
    what: 'AWS SDK + zod, first `next`, from the chunk store, 2 ms a chunk',
    against: BUN,
    limit: { atMost: 0.25 },
    unit: 'ratio',
    value: ratio('sdk', 'bun-bytecode', 'store2', firstNext),
  },
  {
    what: 'the same, 20 ms a chunk',
    against: BUN,
    limit: { atMost: 0.15 },
    unit: 'ratio',
    value: ratio('sdk', 'bun-bytecode', 'store20', firstNext),
  },
  {
    what: 'echo: chunks of 512 KiB that a start touches',
    against: '',
    limit: { atMost: 35 },
    unit: 'number',
    value: own('echo', 'store20', chunks),
  },
  {
    what: 'AWS SDK + zod: chunks of 512 KiB that a start touches',
    against: '',
    limit: { atMost: 50 },
    unit: 'number',
    value: own('sdk', 'store20', chunks),
  },
] as const

function own(name: ComparedFunction, phase: Phase, value: Value): (results: Results) => number {
  return (results) => median(find(results, name, 'lambdabin'), phase, value)
}

function ratio(
  name: ComparedFunction,
  other: string,
  phase: Phase,
  value: Value,
): (results: Results) => number {
  return (results) => own(name, phase, value)(results) / median(find(results, name, other), phase, value)
}
