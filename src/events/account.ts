/** What all sample events have in common: whose they are, and when they were sent. */

export const ACCOUNT = '123456789012'
export const REGION = 'us-east-1'
export const REQUEST_ID = 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef'
export const SOURCE_IP = '203.0.113.12'
export const USER_AGENT = 'lambdabin'

/** 1 January 2026, 12:00 UTC. */
export const SENT = new Date('2026-01-01T12:00:00.000Z')
export const SENT_MS = SENT.getTime()
export const SENT_SECONDS = SENT_MS / 1000
export const SENT_TEXT = SENT.toISOString()
/** As HTTP's events have it. */
export const SENT_LOG_TIME = '01/Jan/2026:12:00:00 +0000'

/** `arn:aws:sqs:us-east-1:123456789012:orders` */
export function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
