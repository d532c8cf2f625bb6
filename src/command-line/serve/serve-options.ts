/** Reads the values of single options of `lambdabin serve`. Each throws a UsageError. */

import type { InvokeMode } from '../../api/local-lambda/local-lambda-settings.ts'
import { UsageError } from '../../configuration/usage-error.ts'

export function wholeNumber(option: string, value: string, least: number, most: number): number {
  const number = decimal(value)
  if (!(Number.isInteger(number) && number >= least && number <= most)) {
    throw new UsageError(
      `expected --${option} with a whole number from ${least} to ${most}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return number
}

export function seconds(option: string, value: string, most: number): number {
  const number = decimal(value)
  if (!(number >= 0 && number <= most)) {
    throw new UsageError(
      `expected --${option} in seconds, up to ${most}, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return number
}

export function invokeMode(value: string): InvokeMode {
  if (value !== 'BUFFERED' && value !== 'RESPONSE_STREAM') {
    throw new UsageError(
      `expected --invoke-mode BUFFERED or RESPONSE_STREAM, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value
}

export function region(value: string): string {
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(value)) {
    throw new UsageError(
      `expected --region with a name such as us-east-1, but got ${JSON.stringify(value)}; correct it`,
    )
  }
  return value
}

/** `NAME=VALUE` of an option that may be repeated; `example` is for the sentence. */
export function pairs(option: string, values: readonly string[], example: string): [string, string][] {
  return values.map((value) => {
    const equals = value.indexOf('=')
    if (equals < 1 || equals === value.length - 1) {
      throw new UsageError(
        `expected --${option} ${example}, but got ${JSON.stringify(value)}; put a name and = before the value`,
      )
    }
    return [value.slice(0, equals), value.slice(equals + 1)]
  })
}

/**
 * The variables by which AWS's SDKs find endpoints other than AWS's: `URL` for all services, `SERVICE=URL` for one, by its
 * name in an SDK's documentation (`s3`, `dynamodb`, `event_bridge`).
 */
export function endpointVariables(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    values.map((value) => {
      const [, service, url = value] = /^([a-zA-Z0-9_ -]+)=(.*)$/.exec(value) ?? []
      if (!URL.canParse(url) || !/^https?:/.test(url)) {
        throw new UsageError(
          `expected --aws-endpoint URL, or SERVICE=URL, but got ${JSON.stringify(value)}; correct it`,
        )
      }
      const name = service === undefined ? '' : `_${service.toUpperCase().replace(/[ -]/g, '_')}`
      return [`AWS_ENDPOINT_URL${name}`, url]
    }),
  )
}

/** NaN for what is not plain decimal digits, such as 1e3 or 0x10. */
function decimal(value: string): number {
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN
}
