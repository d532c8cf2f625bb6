/** `sampleEvent` of the API: an event as one of AWS's services sends it. */
import { remedyFor } from '../configuration/nearest-name.ts'
import { shown } from '../configuration/option.ts'
import { UsageError } from '../configuration/usage-error.ts'
import {
  isCarrying,
  isSampleName,
  sampleEvent as makeSample,
  SAMPLE_ALIASES,
  SAMPLE_NAMES,
  type SampleName,
} from '../events/sample-events.ts'

/**
 * An event of its own each time. `body` is what it carries: the body of a message or a request, a detail of EventBridge's. Throws a
 * UsageError, whose code is `USAGE`, for a name that there is not, or where there is nothing that it could carry.
 */
export function sampleEvent(name: SampleName | (string & {}), body?: string): object {
  return eventOf(String(name), body)
}

function eventOf(name: string, body: unknown): object {
  const known = SAMPLE_ALIASES[name] ?? name
  if (!isSampleName(known)) {
    const names = [...SAMPLE_NAMES, ...Object.keys(SAMPLE_ALIASES)]
    const remedy = remedyFor(name, names, `there are ${SAMPLE_NAMES.join(', ')}`)
    throw new UsageError(`expected the name of a sample event, but got ${JSON.stringify(name)}; ${remedy}`)
  }
  if (body !== undefined && !isCarrying(known)) {
    const carrying = SAMPLE_NAMES.filter(isCarrying).join(', ')
    throw new UsageError(
      `expected no body with the sample event ${known}, which carries none; print it, and change it in a file. A body have ${carrying}`,
    )
  }
  if (body !== undefined && typeof body !== 'string') {
    throw new UsageError(
      `expected a text as the body of the sample event ${known}, but got ${shown(body)}; JSON.stringify makes one of a value`,
    )
  }
  return makeSample(known, body)
}
