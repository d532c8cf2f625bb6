/** The API's operation on event sources: those that the command line has set up are listed. */

import { answerDocument } from '../http/api-answer.ts'
import type { ApiRequest } from '../http/api-request.ts'

export function listEventSourceMappings({ response, sources, lambda, query }: ApiRequest): void {
  const name = query.get('FunctionName')
  const mappings = sources()
    .filter(({ functionName }) => !name || functionName === name || lambda.arn(functionName) === name)
    .map(({ id, functionName, batchSize, source, state }) => ({
      UUID: id,
      BatchSize: batchSize,
      EventSourceArn: `arn:aws:sqs:${lambda.region}:${lambda.accountId}:${source}`,
      FunctionArn: lambda.arn(functionName),
      State: state,
      StateTransitionReason: 'USER_INITIATED',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    }))
  answerDocument(response, 200, { EventSourceMappings: mappings })
}
