/** What lambdabin is to reach, as ratios in one run, and whether it does. */

import { COLD_TARGETS } from './cold/targets.ts'
import {
  type ContenderResults,
  cpuPerThousand,
  cpuPerThousandEarly,
  find,
  firstInvocation,
  firstResponse,
  median,
  type Phase,
  type Results,
} from './results.ts'
import type { Measurement } from './runtime-api-server.ts'

export interface Target {
  readonly what: string
  readonly against: string
  readonly goal: string
  /** As it is shown: 0.87, 41.2 MB, 8 %. */
  readonly measured: string
  /** Undefined where there is nothing to meet, or nothing was measured. */
  readonly isMet: boolean | undefined
}

/** What is to be reached. */
export interface Goal {
  readonly what: string
  readonly against: string
  readonly limit?: { readonly atMost?: number; readonly atLeast?: number }
  readonly unit: 'ratio' | 'MB' | 'percent' | 'number'
}

interface Definition extends Goal {
  /** NaN where something that it needs was not measured. */
  readonly value: (results: Results) => number
}

const AWS = 'aws-lambda-ric 4, same Node.js'
const BUN = 'Bun compiled, --bytecode'
/** By code behind an import() that is not reached, and by code that only initialises. */
const ACCEPTED_GROWTH = { unreached: 0.1, uncalled: 0.6 } as const

const perSecond = (measurement: Measurement) => measurement.perSecond

const DEFINITIONS: readonly Definition[] = [
  {
    what: 'one call of AWS over HTTPS, first invocation, 128 MB',
    against: AWS,
    limit: { atMost: 0.2 },
    unit: 'ratio',
    value: awsCallRatio('lambdabin', 'aws-lambda-ric', 'memory128', firstInvocation),
  },
  {
    what: 'the same, init and first invocation, 128 MB',
    against: AWS,
    limit: { atMost: 0.35 },
    unit: 'ratio',
    value: awsCallRatio('lambdabin', 'aws-lambda-ric', 'memory128', firstResponse),
  },
  {
    what: 'the same, init and first invocation, 1,769 MB',
    against: AWS,
    limit: { atMost: 0.5 },
    unit: 'ratio',
    value: awsCallRatio('lambdabin', 'aws-lambda-ric', 'memory1769', firstResponse),
  },
  {
    what: 'the same, init and first invocation, 128 MB',
    against: BUN,
    limit: { atMost: 0.8 },
    unit: 'ratio',
    value: awsCallRatio('lambdabin', 'bun-bytecode', 'memory128', firstResponse),
  },
  ...[
    { id: 'lambdabin-stub', options: '--event --stub', atMost: { first: 0.2, all: 0.35 } },
    { id: 'lambdabin-rehearse', options: '--event --stub --rehearse', atMost: { first: 0.2, all: 0.35 } },
    {
      id: 'lambdabin-connect',
      options: '--event --stub --rehearse --connect',
      atMost: { first: 0.2, all: 0.35 },
    },
    { id: 'lambdabin-init-stub', options: '--init build --event --stub --rehearse', atMost: { all: 0.25 } },
  ].flatMap(({ id, options, atMost }): Definition[] => [
    {
      what: `the same, built with \`${options}\`, first invocation, 128 MB`,
      against: AWS,
      ...(atMost.first !== undefined && { limit: { atMost: atMost.first } }),
      unit: 'ratio',
      value: awsCallRatio(id, 'aws-lambda-ric', 'memory128', firstInvocation),
    },
    {
      what: `the same, built with \`${options}\`, init and first invocation, 128 MB`,
      against: AWS,
      limit: { atMost: atMost.all },
      unit: 'ratio',
      value: awsCallRatio(id, 'aws-lambda-ric', 'memory128', firstResponse),
    },
    {
      what: `the same, built with \`${options}\`, init and first invocation, 1,769 MB`,
      against: AWS,
      unit: 'ratio',
      value: awsCallRatio(id, 'aws-lambda-ric', 'memory1769', firstResponse),
    },
    {
      what: `the same, built with \`${options}\`, init and first invocation, 128 MB`,
      against: BUN,
      unit: 'ratio',
      value: awsCallRatio(id, 'bun-bytecode', 'memory128', firstResponse),
    },
  ]),
  {
    what: 'echo, first response',
    against: AWS,
    limit: { atMost: 0.66 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'start', firstResponse),
  },
  {
    what: 'AWS SDK + zod, first response',
    against: AWS,
    limit: { atMost: 0.4 },
    unit: 'ratio',
    value: sdkRatio('lambdabin', 'aws-lambda-ric'),
  },
  {
    what: 'the same, built with `--event`',
    against: AWS,
    limit: { atMost: 0.4 },
    unit: 'ratio',
    value: sdkRatio('lambdabin-event', 'aws-lambda-ric'),
  },
  {
    what: 'the same, built with `--init build`',
    against: AWS,
    limit: { atMost: 0.45 },
    unit: 'ratio',
    value: sdkRatio('lambdabin-init', 'aws-lambda-ric'),
  },
  {
    what: 'the same, built with `--init build`',
    against: 'our echo, built as ever',
    limit: { atMost: 1.4 },
    unit: 'ratio',
    value: initRatio('lambdabin-init', 'lambdabin'),
  },
  {
    what: 'the same, built with `--init build --event`',
    against: 'our echo, built as ever',
    unit: 'ratio',
    value: initRatio('lambdabin-init-event', 'lambdabin'),
  },
  {
    what: 'the same, built with `--init build --event`',
    against: 'our echo, built with `--init build`',
    unit: 'ratio',
    value: initRatio('lambdabin-init-event', 'lambdabin-init'),
  },
  {
    what: 'echo, warm latency p50',
    against: AWS,
    limit: { atMost: 0.33 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', ({ p50Us }) => p50Us),
  },
  {
    what: 'echo, CPU per 1,000 invocations',
    against: AWS,
    limit: { atMost: 0.52 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', cpuPerThousand),
  },
  {
    what: 'echo, CPU per 1,000 invocations',
    against: BUN,
    limit: { atMost: 1 },
    unit: 'ratio',
    value: echoRatio('bun-bytecode', 'warm', cpuPerThousand),
  },
  {
    what: 'echo, invocations/s',
    against: AWS,
    limit: { atLeast: 1.85 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', perSecond),
  },
  {
    what: 'echo, invocations/s',
    against: BUN,
    limit: { atLeast: 1 },
    unit: 'ratio',
    value: echoRatio('bun-bytecode', 'warm', perSecond),
  },
  {
    what: 'echo, CPU per 1,000 of the first 2,000',
    against: AWS,
    limit: { atMost: 1 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', cpuPerThousandEarly),
  },
  {
    what: 'echo, peak memory after all invocations',
    against: AWS,
    limit: { atMost: 1.1 },
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', ({ peakKiB }) => peakKiB),
  },
  {
    what: 'echo, peak memory after 20 invocations',
    against: AWS,
    unit: 'ratio',
    value: echoRatio('aws-lambda-ric', 'warm', ({ peakKiBEarly }) => peakKiBEarly),
  },
  {
    what: 'echo, first response',
    against: BUN,
    unit: 'ratio',
    value: echoRatio('bun-bytecode', 'start', firstResponse),
  },
  {
    what: 'echo, first response, cold page cache',
    against: BUN,
    unit: 'ratio',
    value: echoRatio('bun-bytecode', 'coldStart', firstResponse),
  },
  {
    what: 'AWS SDK + zod, first response',
    against: BUN,
    unit: 'ratio',
    value: sdkRatio('lambdabin', 'bun-bytecode'),
  },
  ...(['start', 'coldStart'] as const).flatMap((phase): Definition[] =>
    (['echo', 'sdk'] as const).map((name) => ({
      what: `${name === 'echo' ? 'echo' : 'AWS SDK + zod'} with the runtime in a layer, first response${phase === 'start' ? '' : ', cold page cache'}`,
      against: 'the whole executable',
      limit: { atMost: 1.1 },
      unit: 'ratio',
      value: (results) =>
        ratio(find(results, name, 'lambdabin-layer'), find(results, name, 'lambdabin'), phase, firstResponse),
    })),
  ),
  { what: 'zip, echo', against: '', limit: { atMost: 33.5 }, unit: 'MB', value: zipMegabytes('lambdabin') },
  {
    what: 'zip, echo, built with `--intl en`',
    against: '',
    limit: { atMost: 29 },
    unit: 'MB',
    value: zipMegabytes('lambdabin-intl'),
  },
  ...COLD_TARGETS,
  ...growth('start', ''),
  ...growth('coldStart', ', cold page cache'),
]

/** Those for which there is a measurement or a goal, with what was measured. */
export function evaluateTargets(results: Results): Target[] {
  return DEFINITIONS.map((definition) => evaluateTarget(definition, definition.value(results)))
}

/** `value`: what was measured; NaN for nothing. */
export function evaluateTarget(goal: Goal, value: number): Target {
  return {
    what: goal.what,
    against: goal.against,
    goal: goalOf(goal),
    measured: Number.isFinite(value) ? show(value, goal.unit) : '',
    isMet: Number.isFinite(value) ? isMet(value, goal.limit) : undefined,
  }
}

function isMet(value: number, limit: Goal['limit']): boolean | undefined {
  if (limit?.atMost !== undefined) {
    return value <= limit.atMost
  }
  if (limit?.atLeast !== undefined) {
    return value >= limit.atLeast
  }
  return undefined
}

function goalOf({ limit, unit }: Goal): string {
  if (limit?.atMost !== undefined) {
    return `≤ ${show(limit.atMost, unit)}`
  }
  if (limit?.atLeast !== undefined) {
    return `≥ ${show(limit.atLeast, unit)}`
  }
  return ''
}

function show(value: number, unit: Goal['unit']): string {
  if (unit === 'MB') {
    return `${value.toFixed(1)} MB`
  }
  if (unit === 'number') {
    return value.toFixed(0)
  }
  if (unit === 'percent') {
    return `${(value * 100).toFixed(1)} %`
  }
  return value.toFixed(2)
}

type Value = (measurement: Measurement) => number

function echoRatio(other: string, phase: Phase, value: Value): (results: Results) => number {
  return (results) => ratio(find(results, 'echo', 'lambdabin'), find(results, 'echo', other), phase, value)
}

function awsCallRatio(ours: string, other: string, phase: Phase, value: Value): (results: Results) => number {
  return (results) => ratio(find(results, 'get-item', ours), find(results, 'get-item', other), phase, value)
}

function initRatio(ours: string, echo: string): (results: Results) => number {
  return (results) => ratio(find(results, 'sdk', ours), find(results, 'echo', echo), 'start', firstResponse)
}

function sdkRatio(ours: string, other: string): (results: Results) => number {
  return (results) => ratio(find(results, 'sdk', ours), find(results, 'sdk', other), 'start', firstResponse)
}

function ratio(
  ours: ContenderResults | undefined,
  other: ContenderResults | undefined,
  phase: Phase,
  value: Value,
): number {
  return median(ours, phase, value) / median(other, phase, value)
}

function zipMegabytes(id: string): (results: Results) => number {
  return (results) => (find(results, 'echo', id)?.zipBytes || Number.NaN) / 1e6
}

function growth(phase: Phase, suffix: string): Definition[] {
  const kinds = { unreached: 'behind an import() that is not reached', uncalled: 'that only initialise' }
  return (['unreached', 'uncalled'] as const).map((id) => ({
    what: `growth of the first response by 10 MB of code ${kinds[id]}${suffix}`,
    against: 'the function without it',
    limit: { atMost: ACCEPTED_GROWTH[id] },
    unit: 'percent' as const,
    value: (results: Results) =>
      ratio(find(results, 'growth', id), find(results, 'growth', 'none'), phase, firstResponse) - 1,
  }))
}
