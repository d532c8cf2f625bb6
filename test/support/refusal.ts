import assert from 'node:assert/strict'
import { LambdaServiceException } from '@aws-sdk/client-lambda'

/** Checks what the SDK makes of a refusal. */
export function refusal(name: string, status: number, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof LambdaServiceException, String(error))
    assert.equal(error.name, name)
    assert.equal(error.$metadata.httpStatusCode, status)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /\n/, 'one line')
    return true
  }
}
