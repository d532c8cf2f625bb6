/** The options of a build as they are given to `lambdabin build`, by its record. */
import type { RecordedOptions } from '../../executable/build-record.ts'

/** `['--init build', '--external sharp']`; what is not told by value is told by name. */
export function recordedOptionWords(options: RecordedOptions | null): string[] {
  return Object.entries(options ?? {}).flatMap(([name, value]) => words(name, value))
}

function words(name: string, value: NonNullable<RecordedOptions[keyof RecordedOptions]>): string[] {
  if (name === 'esbuild' && Array.isArray(value)) {
    return value.map((option) => `esbuild’s ${option}`)
  }
  if (name === 'intl' && Array.isArray(value)) {
    return [`--intl ${value.join(',')}`]
  }
  if (Array.isArray(value)) {
    return value.map((item) => `--${name} ${item}`)
  }
  if (name === 'event') {
    return [`--event (${value} of them)`]
  }
  if (name === 'node') {
    return ['--node']
  }
  return typeof value === 'boolean' ? [value ? `--${name}` : `--no-${name}`] : [`--${name} ${value}`]
}
