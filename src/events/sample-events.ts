/** Sample events by name, as AWS's services send them: for `invoke --sample`, and for tests. */

import {
  alb,
  apiGatewayV1,
  apiGatewayV2,
  functionUrl,
  httpApiAuthorizer,
  tokenAuthorizer,
  websocket,
} from './http-events.ts'
import {
  cloudformation,
  cloudwatchLogs,
  cognitoPostConfirmation,
  cognitoPreSignUp,
  cognitoPreTokenGeneration,
  eventbridge,
  s3,
  s3Batch,
  s3Delete,
  schedule,
  secretsmanager,
  ses,
} from './service-events.ts'
import { dynamodb, firehose, kafka, kinesis, msk, sns, sqs } from './stream-events.ts'

/** What carries something: the body of a message or of a request, a detail, a line of a log. */
const CARRYING = {
  sqs,
  sns,
  kinesis,
  firehose,
  kafka,
  msk,
  eventbridge,
  'cloudwatch-logs': cloudwatchLogs,
  'apigateway-v1': apiGatewayV1,
  'apigateway-v2': apiGatewayV2,
  'function-url': functionUrl,
  alb,
  websocket,
} as const

const FIXED = {
  s3,
  's3-delete': s3Delete,
  's3-batch': s3Batch,
  dynamodb,
  schedule,
  ses,
  'cognito-pre-sign-up': cognitoPreSignUp,
  'cognito-post-confirmation': cognitoPostConfirmation,
  'cognito-pre-token-generation': cognitoPreTokenGeneration,
  'authorizer-token': tokenAuthorizer,
  'authorizer-http-api': httpApiAuthorizer,
  cloudformation,
  secretsmanager,
} as const

export type CarryingSample = keyof typeof CARRYING
export type SampleName = CarryingSample | keyof typeof FIXED

export const SAMPLE_NAMES = [...Object.keys(CARRYING), ...Object.keys(FIXED)].sort() as SampleName[]

/** The names that other tools have for them. */
export const SAMPLE_ALIASES: Readonly<Record<string, SampleName>> = {
  apigateway: 'apigateway-v1',
  'rest-api': 'apigateway-v1',
  'http-api': 'apigateway-v2',
  'lambda-url': 'function-url',
  's3-put': 's3',
  'dynamodb-update': 'dynamodb',
  'scheduled-event': 'schedule',
  cloudwatch: 'cloudwatch-logs',
  cognito: 'cognito-pre-sign-up',
}

const DEFAULT_BODY = '{"orderId":7}'

export function isSampleName(name: string): name is SampleName {
  return Object.hasOwn(CARRYING, name) || Object.hasOwn(FIXED, name)
}

export function isCarrying(name: SampleName): name is CarryingSample {
  return Object.hasOwn(CARRYING, name)
}

/** An event of its own each time. `body`: what it carries, if it carries something. */
export function sampleEvent(name: SampleName, body = DEFAULT_BODY): object {
  return isCarrying(name) ? CARRYING[name](body) : FIXED[name]()
}
