/** The API's operations on reserved concurrency. */

import { answerDocument, answerNothing } from '../http/api-answer.ts'
import { type ApiRequest, functionName, readDocument } from '../http/api-request.ts'
import { InvalidParameterValueException } from '../lambda-error.ts'
import { readInteger } from './members.ts'

const MEMBER = 'ReservedConcurrentExecutions'
const MAX_BODY_BYTES = 64 * 1024

export async function putFunctionConcurrency(call: ApiRequest): Promise<void> {
  const { lambda, request, response } = call
  const name = functionName(call)
  const document = await readDocument(request, MAX_BODY_BYTES, 'PutFunctionConcurrency')
  lambda.find(name)
  const reserved = readInteger(document, MEMBER, 0, 100_000)
  if (reserved === undefined) {
    throw new InvalidParameterValueException(`expected ${MEMBER}, but got none; set it to 0 or more`)
  }
  await lambda.updateConfiguration(name, (configuration) => {
    checkRoom(call, name, reserved)
    return { ...configuration, reservedConcurrency: reserved }
  })
  answerDocument(response, 200, { [MEMBER]: reserved })
}

export function getFunctionConcurrency(call: ApiRequest): void {
  const { reservedConcurrency } = call.lambda.find(functionName(call)).configuration
  answerDocument(
    call.response,
    200,
    reservedConcurrency === undefined ? {} : { [MEMBER]: reservedConcurrency },
  )
}

export async function deleteFunctionConcurrency(call: ApiRequest): Promise<void> {
  await call.lambda.updateConfiguration(functionName(call), ({ reservedConcurrency: _, ...rest }) => rest)
  answerNothing(call.response, 204)
}

function checkRoom({ lambda }: ApiRequest, name: string, reserved: number): void {
  const others = lambda.functions.filter((each) => each.name !== name)
  const taken = others.reduce((sum, { configuration }) => sum + (configuration.reservedConcurrency ?? 0), 0)
  const room = lambda.pool.concurrency - taken
  if (reserved > room) {
    throw new InvalidParameterValueException(
      `expected ${MEMBER} of ${room} at most, what is left of the ${lambda.pool.concurrency} of this emulator, ` +
        `but got ${reserved}; reserve less, or start it with a larger --concurrency`,
    )
  }
}
