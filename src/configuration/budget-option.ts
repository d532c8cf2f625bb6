/** The option `budget`: what a function's package may take. */
import type { Budget } from '../compiler/function-options.ts'
import { remedyFor } from './nearest-name.ts'
import { type Option, OptionError, shown } from './option.ts'

type Unit = 'size' | 'time'

const LIMITS: Readonly<Record<keyof Budget, Unit>> = {
  zip: 'size',
  unpacked: 'size',
  text: 'size',
  init: 'time',
}

/** As file managers and AWS's console count, and by binary units for who says so. */
const UNITS: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  size: { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 },
  time: { ms: 1, s: 1000 },
}

/** As in `{ zip: '40MB', init: '200ms' }`; a number is in bytes, or in milliseconds. */
export interface WrittenBudget {
  readonly zip?: string | number
  readonly unpacked?: string | number
  readonly text?: string | number
  readonly init?: string | number
}

export function budgetOption(help: string): Option<WrittenBudget, Budget> {
  return {
    words: 'several',
    placeholder: 'zip=40MB,init=200ms',
    help,
    written: (words) =>
      Object.fromEntries(
        words
          .flatMap((word) => word.split(','))
          .map((word) => {
            const equals = word.indexOf('=')
            return equals < 1 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)]
          }),
      ),
    read: (written) => {
      if (typeof written !== 'object' || written === null || Array.isArray(written)) {
        throw new OptionError(`expects limits, as zip=40MB,init=200ms, and got ${shown(written)}`)
      }
      return Object.fromEntries(
        Object.entries(written).map(([name, limit]) => [name, readLimit(name, limit)]),
      )
    },
  }
}

function readLimit(name: string, limit: unknown): number {
  if (!Object.hasOwn(LIMITS, name)) {
    throw new OptionError(`has no limit ${shown(name)}; ${remedyFor(name, Object.keys(LIMITS))}`)
  }
  const unit = LIMITS[name as keyof Budget]
  const [, digits, word = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(String(limit)) ?? []
  const factor = word === '' ? 1 : UNITS[unit][word]
  if (digits === undefined || factor === undefined) {
    const example = unit === 'size' ? 'zip=40MB' : 'init=200ms'
    throw new OptionError(`expects a ${unit}, as in ${example}, and got ${name}=${shown(limit)}`)
  }
  return Number(digits) * factor
}
