/**
 * Events that a service sends of its own: an object was stored, a rule matched, somebody signs up.
 *
 * Source: AWS Lambda Developer Guide and the guide of each service, "Example event".
 */

import { gzipSync } from 'node:zlib'
import type {
  CloudFormationCustomResourceCreateEvent,
  CloudWatchLogsDecodedData,
  CloudWatchLogsEvent,
  EventBridgeEvent,
  PostConfirmationTriggerEvent,
  PreSignUpTriggerEvent,
  PreTokenGenerationTriggerEvent,
  S3BatchEvent,
  S3Event,
  ScheduledEvent,
  SESEvent,
  SecretsManagerRotationEvent,
} from 'aws-lambda'
import { ACCOUNT, arn, REGION, REQUEST_ID, SENT_MS, SENT_TEXT, SOURCE_IP } from './account.ts'

const BUCKET = 'orders-bucket'
const PRINCIPAL = { principalId: 'AIDAJDPLRKLG7UEXAMPLE' }

export function s3() {
  return s3Event('ObjectCreated:Put')
}

export function s3Delete() {
  return s3Event('ObjectRemoved:Delete')
}

function s3Event(eventName: string) {
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: REGION,
        eventTime: SENT_TEXT,
        eventName,
        userIdentity: PRINCIPAL,
        requestParameters: { sourceIPAddress: SOURCE_IP },
        responseElements: {
          'x-amz-request-id': 'C3D13FE58DE4C810',
          'x-amz-id-2': 'FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG',
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'orders',
          bucket: { name: BUCKET, ownerIdentity: PRINCIPAL, arn: `arn:aws:s3:::${BUCKET}` },
          object: {
            key: 'orders/7.json',
            size: 1024,
            eTag: 'd41d8cd98f00b204e9800998ecf8427e',
            sequencer: '0055AED6DCD90281E5',
          },
        },
      },
    ],
  } satisfies S3Event
}

export function s3Batch() {
  return {
    invocationSchemaVersion: '1.0',
    invocationId: 'YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo',
    job: { id: 'f3cc4f60-61f6-4a2b-8a21-d07600c373ce' },
    tasks: [
      {
        taskId: 'dGFza2lkZ29lc2hlcmUK',
        s3Key: 'orders/7.json',
        s3VersionId: null,
        s3BucketArn: `arn:aws:s3:::${BUCKET}`,
      },
    ],
  } satisfies S3BatchEvent
}

export function eventbridge(detail: string) {
  return {
    version: '0',
    id: 'fe8d3c65-c5c3-2c87-81f9-84709a377a3b',
    'detail-type': 'Order Placed',
    source: 'shop.orders',
    account: ACCOUNT,
    time: SENT_TEXT.replace('.000', ''),
    region: REGION,
    resources: [],
    detail: asJson(detail),
  } satisfies EventBridgeEvent<string, unknown>
}

/** A detail is JSON; what is none becomes a text. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export function schedule() {
  return {
    version: '0',
    id: '53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa',
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: ACCOUNT,
    time: SENT_TEXT.replace('.000', ''),
    region: REGION,
    resources: [arn('events', 'rule/every-hour')],
    detail: {},
  } satisfies ScheduledEvent
}

export function cloudwatchLogs(message: string) {
  const data = {
    messageType: 'DATA_MESSAGE',
    owner: ACCOUNT,
    logGroup: '/aws/lambda/orders',
    logStream: '2026/01/01/[$LATEST]3893410d7d7a4a2b8a21d07600c373ce',
    subscriptionFilters: ['errors'],
    logEvents: [
      { id: '36230420346346346346346346346346346346346346346346346346', timestamp: SENT_MS, message },
    ],
  } satisfies CloudWatchLogsDecodedData
  return {
    awslogs: { data: gzipSync(JSON.stringify(data)).toString('base64') },
  } satisfies CloudWatchLogsEvent
}

export function ses() {
  const pass = { status: 'PASS' } as const
  const [from, to, date] = ['Ann <ann@example.org>', 'orders@example.com', 'Thu, 1 Jan 2026 12:00:00 +0000']
  return {
    Records: [
      {
        eventSource: 'aws:ses',
        eventVersion: '1.0',
        ses: {
          mail: {
            timestamp: SENT_TEXT,
            source: 'ann@example.org',
            messageId: 'o3vrnil0e2ic28tr',
            destination: [to],
            headersTruncated: false,
            headers: [
              { name: 'From', value: from },
              { name: 'To', value: to },
              { name: 'Subject', value: 'An order' },
            ],
            commonHeaders: {
              returnPath: 'ann@example.org',
              from: [from],
              date,
              to: [to],
              messageId: '<0123456789example.org>',
              subject: 'An order',
            },
          },
          receipt: {
            timestamp: SENT_TEXT,
            processingTimeMillis: 574,
            recipients: [to],
            spamVerdict: pass,
            virusVerdict: pass,
            spfVerdict: pass,
            dkimVerdict: pass,
            dmarcVerdict: pass,
            action: {
              type: 'Lambda',
              functionArn: arn('lambda', 'function:orders'),
              invocationType: 'Event',
            },
          },
        },
      },
    ],
  } satisfies SESEvent
}

const USER = {
  version: '1',
  region: REGION,
  userPoolId: `${REGION}_Example`,
  userName: 'ann',
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: '1example23456789' },
}
const USER_ATTRIBUTES = { email: 'ann@example.org', name: 'Ann' }

export function cognitoPreSignUp() {
  return {
    ...USER,
    triggerSource: 'PreSignUp_SignUp',
    request: { userAttributes: USER_ATTRIBUTES },
    response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
  } satisfies PreSignUpTriggerEvent
}

export function cognitoPostConfirmation() {
  return {
    ...USER,
    triggerSource: 'PostConfirmation_ConfirmSignUp',
    request: { userAttributes: { ...USER_ATTRIBUTES, 'cognito:user_status': 'CONFIRMED' } },
    response: {},
  } satisfies PostConfirmationTriggerEvent
}

export function cognitoPreTokenGeneration() {
  return {
    ...USER,
    triggerSource: 'TokenGeneration_Authentication',
    request: {
      userAttributes: USER_ATTRIBUTES,
      groupConfiguration: { groupsToOverride: ['customers'], iamRolesToOverride: [] },
    },
    response: { claimsOverrideDetails: {} },
  } satisfies PreTokenGenerationTriggerEvent
}

export function cloudformation() {
  return {
    RequestType: 'Create',
    ServiceToken: arn('lambda', 'function:orders'),
    ResponseURL: 'http://127.0.0.1:9/response',
    StackId: arn('cloudformation', 'stack/shop/51af3dc0-da77-11e4-872e-1234567db123'),
    RequestId: REQUEST_ID,
    LogicalResourceId: 'Orders',
    ResourceType: 'Custom::Orders',
    ResourceProperties: { ServiceToken: arn('lambda', 'function:orders'), Name: 'orders' },
  } satisfies CloudFormationCustomResourceCreateEvent
}

export function secretsmanager() {
  return {
    Step: 'createSecret',
    SecretId: arn('secretsmanager', 'secret:orders-AbCdEf'),
    ClientRequestToken: REQUEST_ID,
  } satisfies SecretsManagerRotationEvent
}
