/**
 * Events of queues, topics and streams: what somebody has sent to them.
 *
 * Source: AWS Lambda Developer Guide, the page of each service, "Example event".
 */

import { createHash } from 'node:crypto'
import type {
  DynamoDBStreamEvent,
  FirehoseTransformationEvent,
  KinesisStreamEvent,
  MSKEvent,
  SelfManagedKafkaEvent,
  SNSEvent,
  SQSEvent,
} from 'aws-lambda'
import { ACCOUNT, arn, base64, REGION, SENT, SENT_MS, SENT_SECONDS, SENT_TEXT } from './account.ts'

export function sqs(body: string) {
  return {
    Records: [
      {
        messageId: '19dd0b57-b21e-4ac1-bd88-01bbb068cb78',
        receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a',
        body,
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: String(SENT_MS),
          SenderId: ACCOUNT,
          ApproximateFirstReceiveTimestamp: String(SENT_MS + 1),
        },
        messageAttributes: {},
        md5OfBody: createHash('md5').update(body).digest('hex'),
        eventSource: 'aws:sqs',
        eventSourceARN: arn('sqs', 'orders'),
        awsRegion: REGION,
      },
    ],
  } satisfies SQSEvent
}

export function sns(message: string) {
  const topic = arn('sns', 'orders')
  return {
    Records: [
      {
        EventVersion: '1.0',
        EventSubscriptionArn: `${topic}:21be56ed-a058-49f5-8c98-aedd2564c486`,
        EventSource: 'aws:sns',
        Sns: {
          SignatureVersion: '1',
          Timestamp: SENT_TEXT,
          Signature: base64('not a signature'),
          SigningCertUrl: `https://sns.${REGION}.amazonaws.com/SimpleNotificationService-0000.pem`,
          MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
          Message: message,
          MessageAttributes: {},
          Type: 'Notification',
          UnsubscribeUrl: `https://sns.${REGION}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=${topic}`,
          TopicArn: topic,
          Subject: 'Order',
        },
      },
    ],
  } satisfies SNSEvent
}

export function kinesis(data: string) {
  return {
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: '1.0',
          partitionKey: '7',
          sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
          data: base64(data),
          approximateArrivalTimestamp: SENT_SECONDS,
        },
        eventSource: 'aws:kinesis',
        eventVersion: '1.0',
        eventID: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
        eventName: 'aws:kinesis:record',
        invokeIdentityArn: `arn:aws:iam::${ACCOUNT}:role/lambda-role`,
        awsRegion: REGION,
        eventSourceARN: arn('kinesis', 'stream/orders'),
      },
    ],
  } satisfies KinesisStreamEvent
}

export function firehose(data: string) {
  return {
    invocationId: 'invocation-1',
    deliveryStreamArn: arn('firehose', 'deliverystream/orders'),
    region: REGION,
    records: [
      {
        recordId: '49546986683135544286507457936321625675700192471156785154',
        approximateArrivalTimestamp: SENT_MS,
        data: base64(data),
      },
    ],
  } satisfies FirehoseTransformationEvent
}

export function dynamodb() {
  const stream = arn('dynamodb', `table/orders/stream/${SENT.toISOString().slice(0, -1)}`)
  return {
    Records: [
      {
        eventID: 'c4ca4238a0b923820dcc509a6f75849b',
        eventName: 'MODIFY',
        eventVersion: '1.1',
        eventSource: 'aws:dynamodb',
        awsRegion: REGION,
        dynamodb: {
          ApproximateCreationDateTime: SENT_SECONDS,
          Keys: { orderId: { N: '7' } },
          NewImage: { orderId: { N: '7' }, state: { S: 'shipped' } },
          OldImage: { orderId: { N: '7' }, state: { S: 'placed' } },
          SequenceNumber: '4421584500000000017450439091',
          SizeBytes: 53,
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
        eventSourceARN: stream,
      },
    ],
  } satisfies DynamoDBStreamEvent
}

function kafkaRecords(value: string) {
  return {
    'orders-0': [
      {
        topic: 'orders',
        partition: 0,
        offset: 15,
        timestamp: SENT_MS,
        timestampType: 'CREATE_TIME' as const,
        key: base64('7'),
        value: base64(value),
        headers: [{ traceId: [...Buffer.from('abc')] }],
      },
    ],
  }
}

export function kafka(value: string) {
  return {
    eventSource: 'SelfManagedKafka',
    bootstrapServers: 'b-1.example.org:9092',
    records: kafkaRecords(value),
  } satisfies SelfManagedKafkaEvent
}

export function msk(value: string) {
  return {
    eventSource: 'aws:kafka',
    eventSourceArn: arn('kafka', 'cluster/orders/751d2973-a626-431c-9d4e-d7975eb44dd7-2'),
    bootstrapServers: 'b-1.orders.amazonaws.com:9092',
    records: kafkaRecords(value),
  } satisfies MSKEvent
}
